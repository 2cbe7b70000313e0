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

{{- define "reloader.image" -}}
{{- $name := default .Values.image.name .Values.image.repository -}}
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
{{- range $rules }}
{{- if or $.Values.reloader.watchGlobally (not (has "namespaces" .resources)) }}
- {{ toYaml . | nindent 2 | trim }}
{{- end }}
{{- end }}
{{- end -}}
