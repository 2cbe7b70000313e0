{{- define "reloader.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "reloader.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "reloader.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "reloader.selector" -}}
app: {{ include "reloader.fullname" . }}
release: {{ .Release.Name | quote }}
{{- with .Values.reloader.matchLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "reloader.labels" -}}
{{ include "reloader.selector" . }}
chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
heritage: {{ .Release.Service | quote }}
app.kubernetes.io/name: {{ include "reloader.name" . }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
{{- end -}}

{{- define "reloader.serviceAccount" -}}
{{- if .Values.reloader.serviceAccount.create -}}
{{- default (include "reloader.fullname" .) .Values.reloader.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.reloader.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* A values file of Stakater Reloader's that names its image would start that one, with flags it does not know. */}}
{{- define "reloader.image" -}}
{{- $name := default .Values.image.name .Values.image.repository -}}
{{- if regexMatch "stakater/reloader$" (lower $name) -}}
{{- fail (printf "image: %s is Stakater Reloader itself: leave image.name, repository, tag and digest out, or name an image of this operator" $name) -}}
{{- end -}}
{{- if .Values.global.imageRegistry -}}{{- $name = printf "%s/%s" .Values.global.imageRegistry .Values.image.name -}}{{- end -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $name .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* The namespaces it is kept to, with commas; empty: all. The release's own is always among them. */}}
{{- define "reloader.namespaces" -}}
{{- $wanted := .Values.reloader.namespaces -}}
{{- if kindIs "slice" $wanted -}}{{- $wanted = join "," $wanted -}}{{- end -}}
{{- if and $wanted .Values.reloader.watchGlobally -}}
{{- fail "reloader.namespaces needs reloader.watchGlobally=false" -}}
{{- end -}}
{{- if not .Values.reloader.watchGlobally -}}
{{- $names := list .Release.Namespace -}}
{{- range splitList "," (default "" $wanted) -}}
{{- if trim . -}}{{- $names = append $names (trim .) -}}{{- end -}}
{{- end -}}
{{- join "," (uniq $names) -}}
{{- end -}}
{{- end -}}

{{/* What it may do in the namespaces it looks at; cluster-wide there is more to look at. */}}
{{- define "reloader.rules" -}}
{{- $all := .Files.Get "files/permissions.yaml" | fromYaml -}}
{{- $rules := ternary $all.full $all.readOnlySecrets .Values.reloader.writeLastHash -}}
{{- if .Values.reloader.isArgoRollouts -}}{{- $rules = concat $rules $all.argoRollouts -}}{{- end -}}
{{- if .Values.reloader.isOpenshift -}}{{- $rules = concat $rules $all.deploymentConfigs -}}{{- end -}}
{{- if .Values.reloader.enableCSIIntegration -}}{{- $rules = concat $rules $all.csi -}}{{- end -}}
{{/* What is left alone needs no permission: many ignore Secrets so that nobody but their owners may read them. */}}
{{- $ignored := list -}}
{{- if .Values.reloader.ignoreSecrets -}}{{- $ignored = append $ignored "secrets" -}}{{- end -}}
{{- if .Values.reloader.ignoreConfigMaps -}}{{- $ignored = append $ignored "configmaps" -}}{{- end -}}
{{- if .Values.reloader.ignoreCronJobs -}}{{- $ignored = concat $ignored (list "cronjobs" "cronjobs/finalizers") -}}{{- end -}}
{{- if and .Values.reloader.ignoreJobs .Values.reloader.ignoreCronJobs -}}{{- $ignored = append $ignored "jobs" -}}{{- end -}}
{{- if not .Values.reloader.watchGlobally -}}{{- $ignored = append $ignored "namespaces" -}}{{- end -}}
{{- range $rules }}
{{- $resources := list -}}
{{- range .resources -}}{{- if not (has . $ignored) -}}{{- $resources = append $resources . -}}{{- end -}}{{- end }}
{{- $verbs := .verbs -}}
{{/* The Jobs of CronJobs are still made. */}}
{{- if and $.Values.reloader.ignoreJobs (has "jobs" .resources) -}}{{- $verbs = list "create" -}}{{- end }}
{{- if $resources }}
- {{ toYaml (dict "apiGroups" .apiGroups "resources" $resources "verbs" $verbs) | nindent 2 | trim }}
{{- end }}
{{- end }}
{{- end -}}
