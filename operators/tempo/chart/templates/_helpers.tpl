{{- define "tempo.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The labels that the operator's own policies and monitors go by, and the release's, so that two do not mix. */}}
{{- define "tempo.selector" -}}
app.kubernetes.io/name: tempo-operator
app.kubernetes.io/part-of: tempo-operator
app.kubernetes.io/managed-by: operator-lifecycle-manager
app.kubernetes.io/instance: {{ .Release.Name | quote }}
control-plane: controller-manager
{{- end -}}

{{- define "tempo.labels" -}}
app.kubernetes.io/name: tempo-operator
app.kubernetes.io/part-of: tempo-operator
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "tempo.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (printf "%s-controller-manager" (include "tempo.fullname" .)) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "tempo.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "tempo.isOpenshift" -}}
{{- if eq .Values.distribution "openshift" }}true{{ end -}}
{{- end -}}

{{/* What FEATURE_GATES is to say. */}}
{{- define "tempo.gates" -}}
{{- $gates := list -}}
{{- if include "tempo.isOpenshift" . -}}
{{- $gates = list "openshift.route" "openshift.servingCertsService" "openshift.oauthProxy" "openshift.noAuthWarning" "openshift.clusterTLSPolicy" "prometheusOperator" "observability.metrics.createServiceMonitors" "observability.metrics.createPrometheusRules" -}}
{{- end -}}
{{- join "," (concat $gates .Values.featureGates | uniq) -}}
{{- end -}}

{{- define "tempo.metricsPort" -}}
{{- default (ternary 8443 8080 .Values.metrics.secure) .Values.metrics.port -}}
{{- end -}}

{{/* Where the operator's own monitor and alerts look. */}}
{{- define "tempo.metricsService" -}}tempo-operator-controller-manager-metrics-service{{- end -}}

{{/* The Secret to serve metrics with; empty: none. */}}
{{- define "tempo.metricsCertificate" -}}
{{- if .Values.metrics.secure -}}
{{- default (ternary (printf "%s-metrics" (include "tempo.fullname" .)) "" (eq .Values.distribution "openshift")) .Values.metrics.certificateSecret -}}
{{- end -}}
{{- end -}}

{{/* Rules for the namespaces it works in. */}}
{{- define "tempo.rules" -}}
{{- $all := .Files.Get "files/permissions.yaml" | fromYaml -}}
{{- $gates := splitList "," (include "tempo.gates" .) -}}
{{- $rules := $all.common -}}
{{- if has "prometheusOperator" $gates -}}{{- $rules = concat $rules $all.prometheus -}}{{- end -}}
{{- if has "grafanaOperator" $gates -}}{{- $rules = concat $rules $all.grafana -}}{{- end -}}
{{- if include "tempo.isOpenshift" . -}}{{- $rules = concat $rules $all.openshift -}}{{- end -}}
{{- toYaml $rules -}}
{{- end -}}

{{/* Rules beyond namespaces. */}}
{{- define "tempo.clusterRules" -}}
{{- $all := .Files.Get "files/permissions.yaml" | fromYaml -}}
{{- $rules := $all.cluster -}}
{{- if include "tempo.isOpenshift" . -}}{{- $rules = concat $rules $all.openshiftCluster -}}{{- end -}}
{{- if .Values.metrics.secure -}}{{- $rules = concat $rules $all.metricsAuth -}}{{- end -}}
{{- if .Values.webhooks.enabled -}}{{- $rules = concat $rules $all.webhooks -}}{{- end -}}
{{- toYaml $rules -}}
{{- end -}}

{{/* Rules in its own namespace. */}}
{{- define "tempo.homeRules" -}}
{{- $all := .Files.Get "files/permissions.yaml" | fromYaml -}}
{{- $rules := $all.self -}}
{{- if .Values.leaderElection.enabled -}}{{- $rules = concat $rules $all.election -}}{{- end -}}
{{- if .Values.webhooks.enabled -}}{{- $rules = concat $rules $all.certificates -}}{{- end -}}
{{- $gates := splitList "," (include "tempo.gates" .) -}}
{{- if or (has "observability.metrics.createServiceMonitors" $gates) (has "observability.metrics.createPrometheusRules" $gates) -}}{{- $rules = concat $rules $all.prometheus -}}{{- end -}}
{{- toYaml $rules -}}
{{- end -}}
