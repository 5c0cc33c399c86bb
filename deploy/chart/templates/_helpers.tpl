{{- define "stt.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{/* What a part's pods are found by: (dict "part" "server" "context" $) */}}
{{- define "stt.selector" -}}
app.kubernetes.io/name: {{ .context.Chart.Name }}
app.kubernetes.io/instance: {{ .context.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "stt.labels" -}}
{{ include "stt.selector" . }}
app.kubernetes.io/version: {{ .context.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .context.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .context.Chart.Name .context.Chart.Version }}
{{- end }}

{{- define "stt.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{/* The user is a number, the image's own. */}}
{{- define "stt.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1034
runAsGroup: 1034
fsGroup: 1034
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "stt.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Environment of the server and the worker: (dict "settings" … "context" $) */}}
{{- define "stt.env" -}}
{{- $env := merge (dict) .settings .context.Values.settings (dict "HINDI_STT_RUNTIME_DIR" "/var/tmp") }}
{{- if .context.Values.bundle.claim }}{{ $_ := set $env "HINDI_STT_MODEL" "/mounted/bundle" }}{{ end }}
{{- if .context.Values.keys.secret }}{{ $_ := set $env "HINDI_STT_KEY_FILE" "/mounted/keys/keys.json" }}{{ end }}
{{- if .context.Values.redis.enabled }}
{{- $url := printf "redis://%s-redis:6379" (include "stt.name" .context) }}
{{- $_ := set $env "HINDI_STT_LIMITS_URL" $url }}{{ $_ := set $env "HINDI_STT_CACHE_URL" $url }}
{{- end }}
{{- if not (or .context.Values.keys.secret (hasKey $env "HINDI_STT_ALLOWED_HOSTS")) }}
{{- $name := include "stt.name" .context }}
{{- $namespaced := printf "%s.%s" $name .context.Release.Namespace }}
{{- $hosts := list $name $namespaced (printf "%s.svc" $namespaced) (printf "%s.svc.cluster.local" $namespaced) }}
{{- if .context.Values.ingress.enabled }}{{ $hosts = append $hosts .context.Values.ingress.host }}{{ end }}
{{- $_ := set $env "HINDI_STT_ALLOWED_HOSTS" (join "," $hosts) }}
{{- end }}
{{- if not (hasKey $env "HINDI_STT_TOKEN_SECRET") }}
- name: HINDI_STT_TOKEN_SECRET
  valueFrom: {secretKeyRef: {name: {{ include "stt.tokenSecret" .context }}, key: token-secret}}
{{- end }}
{{- range $name, $value := $env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{- define "stt.tokenSecret" -}}
{{- .Values.tokens.secret | default (printf "%s-tokens" (include "stt.name" .)) }}
{{- end }}

{{- define "stt.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- /* Not /dev/shm, where podman makes the volume root's. */}}
- {name: runtime, mountPath: /var/tmp}
{{- if .Values.bundle.claim }}
- name: bundle
  mountPath: /mounted/bundle
  {{- with .Values.bundle.path }}
  subPath: {{ . }}
  {{- end }}
  readOnly: true
{{- end }}
{{- if .Values.keys.secret }}
- {name: keys, mountPath: /mounted/keys, readOnly: true}
{{- end }}
{{- end }}

{{- define "stt.volumes" -}}
- name: tmp
  emptyDir:
    {{- with .Values.temporary.medium }}
    medium: {{ . }}
    {{- end }}
    sizeLimit: {{ .Values.temporary.size }}
{{- /* Metrics and locks: apart from /tmp, which uploads can fill. */}}
- name: runtime
  emptyDir: {medium: Memory, sizeLimit: 64Mi}
{{- with .Values.bundle.claim }}
- name: bundle
  persistentVolumeClaim: {claimName: {{ . }}, readOnly: true}
{{- end }}
{{- with .Values.keys.secret }}
- name: keys
  secret: {secretName: {{ . }}, defaultMode: 0440}
{{- end }}
{{- end }}

{{- define "stt.placement" -}}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
