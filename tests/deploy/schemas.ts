/**
 * The kinds of objects in deploy/, as the Kubernetes API takes them with strict field validation, which is kubectl's
 * default: a field that is not listed is refused. Of each kind only the fields of use here are listed. Sources:
 *
 *   Higress WasmPlugin, McpBridge    alibaba/higress, api/kubernetes/customresourcedefinitions.gen.yaml
 *   Istio's own                      istio/api, kubernetes/customresourcedefinitions.gen.yaml
 *   Kubernetes' own                  https://kubernetes.io/docs/reference/kubernetes-api/ (1.30)
 */
type Schema = Record<string, unknown>;

const text: Schema = { type: "string", minLength: 1 };
const anyText: Schema = { type: "string" };
const integer: Schema = { type: "integer" };
const boolean: Schema = { type: "boolean" };
const port: Schema = { type: "integer", minimum: 1, maximum: 65535 };
const anything: Schema = { type: "object" };
const listOf = (items: Schema): Schema => ({ type: "array", items, minItems: 1 });
const oneOf = (...values: string[]): Schema => ({ enum: values });
const mapOf = (values: Schema): Schema => ({ type: "object", additionalProperties: values });
const object = (properties: Record<string, Schema>, ...required: string[]): Schema => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});

/** RFC 1123 label, as names of most objects must be. */
const label: Schema = { type: "string", pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", maxLength: 63 };
const labels = mapOf({
  type: "string",
  maxLength: 63,
  pattern: "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$",
});
const portName: Schema = { ...label, maxLength: 15 };
const quantity: Schema = { type: "string", pattern: "^[0-9]+(m|Ki|Mi|Gi)?$" };

function kind(apiVersion: string, name: string, rest: Record<string, Schema>, ...required: string[]): Schema {
  const metadata = object({ name: label, namespace: label, labels, annotations: mapOf(anyText) }, "name");
  const type = { apiVersion: { const: apiVersion }, kind: { const: name }, metadata };
  return object({ ...type, ...rest }, "apiVersion", "kind", "metadata", ...required);
}

/** What both WasmPlugins have. */
const wasmPlugin: Record<string, Schema> = {
  url: { type: "string", pattern: "^(oci|https?|file)://[^\\s]+$" },
  sha256: { type: "string", pattern: "^[a-f0-9]{64}$" },
  imagePullPolicy: oneOf("UNSPECIFIED_POLICY", "IfNotPresent", "Always"),
  imagePullSecret: text,
  pluginConfig: anything,
  pluginName: text,
  phase: oneOf("UNSPECIFIED_PHASE", "AUTHN", "AUTHZ", "STATS"),
  priority: integer,
  vmConfig: anything,
};

const higressMatchRule = object({
  config: anything,
  configDisable: boolean,
  domain: listOf(text),
  ingress: listOf(text),
  routeType: oneOf("HTTP", "GRPC"),
  service: listOf(text),
});

const registry = object(
  { name: text, type: text, domain: text, port, protocol: text, sni: text, authSecretName: text },
  "name",
  "type",
  "domain",
  "port",
);

const probe = object({
  exec: object({ command: listOf(text) }, "command"),
  tcpSocket: object({ port: { anyOf: [port, portName] } }, "port"),
});

const container = object(
  {
    name: label,
    image: { type: "string", pattern: "^[\\w./-]+:[\\w.-]+$" },
    command: listOf(text),
    args: listOf(anyText),
    ports: listOf(object({ name: portName, containerPort: port }, "containerPort")),
    readinessProbe: probe,
    resources: object({ requests: mapOf(quantity), limits: mapOf(quantity) }),
    volumeMounts: listOf(object({ name: label, mountPath: text, readOnly: boolean }, "name", "mountPath")),
  },
  "name",
  "image",
);

const podTemplate = object(
  {
    metadata: object({ labels }),
    spec: object(
      {
        containers: listOf(container),
        volumes: listOf(
          object(
            {
              name: label,
              secret: object({ secretName: label }, "secretName"),
              persistentVolumeClaim: object({ claimName: label }, "claimName"),
            },
            "name",
          ),
        ),
      },
      "containers",
    ),
  },
  "metadata",
  "spec",
);

const ingressBackend = object({
  resource: object({ apiGroup: text, kind: text, name: label }, "kind", "name"),
});
const ingressPath = object(
  { path: { type: "string", pattern: "^/" }, pathType: oneOf("Exact", "Prefix"), backend: ingressBackend },
  "pathType",
  "backend",
);

/** By apiVersion and kind. */
export const SCHEMAS: Readonly<Record<string, Schema>> = {
  "extensions.higress.io/v1alpha1 WasmPlugin": kind("extensions.higress.io/v1alpha1", "WasmPlugin", {
    spec: object(
      {
        ...wasmPlugin,
        failStrategy: oneOf("FAIL_CLOSE", "FAIL_OPEN"),
        defaultConfig: anything,
        defaultConfigDisable: boolean,
        matchRules: listOf(higressMatchRule),
      },
      "url",
    ),
  }),
  "networking.higress.io/v1 McpBridge": kind(
    "networking.higress.io/v1",
    "McpBridge",
    { spec: object({ registries: listOf(registry) }) },
    "spec",
  ),
  "extensions.istio.io/v1alpha1 WasmPlugin": kind(
    "extensions.istio.io/v1alpha1",
    "WasmPlugin",
    {
      spec: object(
        {
          ...wasmPlugin,
          failStrategy: oneOf("FAIL_CLOSE", "FAIL_OPEN", "FAIL_RELOAD"),
          selector: object({ matchLabels: labels }),
          type: oneOf("UNSPECIFIED_PLUGIN_TYPE", "HTTP", "NETWORK"),
        },
        "url",
      ),
    },
    "spec",
  ),
  "networking.istio.io/v1 ServiceEntry": kind(
    "networking.istio.io/v1",
    "ServiceEntry",
    {
      spec: object(
        {
          hosts: listOf(text),
          location: oneOf("MESH_EXTERNAL", "MESH_INTERNAL"),
          resolution: oneOf("NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN"),
          ports: listOf(object({ number: port, name: text, protocol: text }, "number", "name")),
        },
        "hosts",
      ),
    },
    "spec",
  ),
  "security.istio.io/v1 RequestAuthentication": kind(
    "security.istio.io/v1",
    "RequestAuthentication",
    {
      spec: object({
        selector: object({ matchLabels: labels }),
        jwtRules: listOf(
          object(
            {
              issuer: text,
              jwksUri: text,
              audiences: listOf(text),
              outputClaimToHeaders: listOf(object({ header: text, claim: text }, "header", "claim")),
            },
            "issuer",
          ),
        ),
      }),
    },
    "spec",
  ),
  "security.istio.io/v1 AuthorizationPolicy": kind(
    "security.istio.io/v1",
    "AuthorizationPolicy",
    {
      spec: object({
        selector: object({ matchLabels: labels }),
        action: oneOf("ALLOW", "DENY", "AUDIT", "CUSTOM"),
        rules: listOf(
          object({
            from: listOf(
              object({
                source: object({ requestPrincipals: listOf(text), notRequestPrincipals: listOf(text) }),
              }),
            ),
          }),
        ),
      }),
    },
    "spec",
  ),
  "v1 PersistentVolumeClaim": kind(
    "v1",
    "PersistentVolumeClaim",
    {
      spec: object(
        {
          accessModes: listOf(oneOf("ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany", "ReadOnlyMany")),
          resources: object({ requests: mapOf(quantity) }, "requests"),
        },
        "accessModes",
        "resources",
      ),
    },
    "spec",
  ),
  "v1 Namespace": kind("v1", "Namespace", {}),
  "v1 Secret": kind("v1", "Secret", { stringData: mapOf(anyText) }),
  "v1 Service": kind(
    "v1",
    "Service",
    {
      spec: object(
        {
          selector: labels,
          ports: listOf(
            object(
              { name: portName, appProtocol: text, port, targetPort: { anyOf: [port, portName] } },
              "port",
            ),
          ),
        },
        "ports",
      ),
    },
    "spec",
  ),
  "apps/v1 Deployment": kind(
    "apps/v1",
    "Deployment",
    {
      spec: object(
        {
          replicas: integer,
          strategy: object({ type: oneOf("RollingUpdate", "Recreate") }),
          selector: object({ matchLabels: labels }),
          template: podTemplate,
        },
        "selector",
        "template",
      ),
    },
    "spec",
  ),
  "networking.k8s.io/v1 Ingress": kind(
    "networking.k8s.io/v1",
    "Ingress",
    {
      spec: object({
        ingressClassName: label,
        rules: listOf(object({ host: text, http: object({ paths: listOf(ingressPath) }, "paths") })),
      }),
    },
    "spec",
  ),
};
