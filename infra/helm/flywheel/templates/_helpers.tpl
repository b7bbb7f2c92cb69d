{{- define "flywheel.fullname" -}}
{{- if contains "flywheel" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-flywheel" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "flywheel.selector" -}}
app.kubernetes.io/name: flywheel
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "flywheel.labels" -}}
{{ include "flywheel.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "flywheel.image" -}}
{{- $tag := .root.Values.image.tag | default .root.Chart.AppVersion -}}
{{- if eq $tag "latest" }}{{ fail "image.tag is latest; name a version, or two pods of one deployment may run two" }}{{ end -}}
{{- with .root.Values.image.registry }}{{ . }}/{{ end }}{{ .root.Values.image.prefix }}{{ .component }}:{{ $tag }}
{{- end }}

{{- define "flywheel.environment" -}}
{{- if ne .component "sink" }}
- name: FLYWHEEL_SECRET
  valueFrom:
    secretKeyRef:
      name: {{ required "secret.name is empty; name a secret with FLYWHEEL_SECRET in it" .root.Values.secret.name }}
      key: {{ .root.Values.secret.key }}
{{- end }}
- name: KAFKA_BROKERS
  value: {{ required "kafka.brokers is empty; set it to host:port of some brokers" .root.Values.kafka.brokers | quote }}
- name: KAFKA_TOPIC
  value: {{ .root.Values.kafka.topic | quote }}
- name: KAFKA_SSL
  value: {{ .root.Values.kafka.ssl | quote }}
{{- with .root.Values.kafka.sasl }}
{{- if .mechanism }}
- name: KAFKA_SASL_MECHANISM
  value: {{ .mechanism }}
- name: KAFKA_SASL_USERNAME
  valueFrom:
    secretKeyRef:
      name: {{ required "kafka.sasl.secret is empty; name a secret with the user and the password" .secret }}
      key: {{ .usernameKey }}
- name: KAFKA_SASL_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .secret }}
      key: {{ .passwordKey }}
{{- end }}
{{- end }}
- name: CLICKHOUSE_URL
  value: {{ required "clickhouse.url is empty; set it to http://host:8123" .root.Values.clickhouse.url | quote }}
- name: CLICKHOUSE_USER
  value: {{ .root.Values.clickhouse.user | quote }}
- name: CLICKHOUSE_DATABASE
  value: {{ .root.Values.clickhouse.database | quote }}
{{- with .root.Values.clickhouse.cluster }}
- name: CLICKHOUSE_CLUSTER
  value: {{ . | quote }}
{{- end }}
{{- with .root.Values.clickhouse.secret }}
- name: CLICKHOUSE_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: {{ $.root.Values.clickhouse.passwordKey }}
{{- end }}
{{- if ne .component "migrate" }}
- name: LOG_LEVEL
  value: {{ .root.Values.logLevel | quote }}
{{- end }}
{{- end }}

{{- define "flywheel.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "flywheel.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}
