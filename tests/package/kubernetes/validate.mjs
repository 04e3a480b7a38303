// Builds every kustomization of a copy of kubernetes/, and holds each object against its schema twice: its values by the
// schemas' validators, its field names by the TypeScript compiler, which knows no field that the schema lacks.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { parseAllDocuments } from "yaml";

const here = dirname(fileURLToPath(import.meta.url));
const root = process.argv[2];
const read = (folder) => parseAllDocuments(execFileSync("kubectl", ["kustomize", folder], { encoding: "utf8" }))
  .map((document) => document.toJS());

// A component is tried on an application of each kind, after the one it builds on, if it says so.
const KINDS = ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"];
const templateOf = (object) => (object.kind === "CronJob" ? object.spec.jobTemplate.spec : object.spec).template;
const component = (folder) => readFileSync(join(root, folder, "kustomization.yaml"), "utf8").includes("kind: Component");
const wrong = [];

function build(name, kustomization, files = {}) {
  const folder = join(root, `built-${name}`);
  mkdirSync(folder);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  writeFileSync(join(folder, "kustomization.yaml"), JSON.stringify(kustomization));
  const objects = read(folder);
  rmSync(folder, { recursive: true });
  return objects;
}

function application(kind) {
  const [object] = parseAllDocuments(readFileSync(join(root, "example/deployment.yaml"), "utf8")).map((d) => d.toJS());
  const { selector, template } = object.spec;
  const job = { template: { ...template, spec: { ...template.spec, restartPolicy: "Never" } } };
  const spec = {
    Deployment: { selector, template }, DaemonSet: { selector, template },
    StatefulSet: { selector, template, serviceName: "app" },
    Job: job, CronJob: { schedule: "@daily", jobTemplate: { spec: job } },
  }[kind];
  const apiVersion = kind.endsWith("Job") ? "batch/v1" : "apps/v1";
  return { apiVersion, kind, metadata: { name: `app-${kind.toLowerCase()}` }, spec };
}

// The components that another one only completes.
const AFTER = {
  configmap: ["../native-sidecar"], "pull-secret": ["../native-sidecar"], events: ["../native-sidecar"],
  "gate-events": ["../gate"],
};

function tried(name) {
  const before = AFTER[name] ?? [];
  const objects = build(name, { resources: ["apps.json"], components: [...before, `../${name}`] },
    { "apps.json": JSON.stringify({ apiVersion: "v1", kind: "List", items: KINDS.map(application) }) });
  const probes = KINDS.map((kind) => {
    const { metadata, spec } = templateOf(objects.find((object) => object.kind === kind));
    const containers = [...(spec.initContainers ?? []), ...spec.containers];
    return JSON.stringify([metadata.labels, spec.volumes, containers.filter((each) => each.name.startsWith("tcr-probe"))]);
  });
  // Only the plain sidecar differs in a Job, which a container without an end would keep from completing.
  const groups = name === "plain-sidecar" ? [probes.slice(0, 3), probes.slice(3)] : [probes];
  for (const group of groups)
    if (new Set(group).size !== 1) wrong.push(`${name}: not the same in every kind: ${[...new Set(group)].join("\n")}`);
  for (const [i, probe] of probes.entries())
    if (!probe.includes('"name":"tcr-probe')) wrong.push(`${name}: no probe in a ${KINDS[i]}`);
  return objects;
}

const folders = readdirSync(root).sort().filter((name) => existsSync(join(root, name, "kustomization.yaml")));

function* objects() {
  for (const name of folders)
    for (const object of component(name) ? tried(name) : read(join(root, name))) yield [name, object];
}

// One cluster takes all of them: two objects of one name would overwrite each other.
function checkTogether(resources) {
  const seen = new Set();
  const all = build("together", { resources: resources.map((name) => `../${name}`) });
  for (const { kind, metadata } of all) {
    const key = `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
    if (seen.has(key)) wrong.push(`${resources.join(", ")}: two of ${key}`);
    seen.add(key);
  }
  for (const object of all.filter((each) => each.spec?.template))
    for (const { configMap } of templateOf(object).spec.volumes ?? [])
      if (configMap && !seen.has(`ConfigMap ${object.metadata.namespace}/${configMap.name}`))
        wrong.push(`${object.kind} ${object.metadata.name} mounts ${configMap.name}, which is not there`);
  if (all.filter((object) => object.kind === "PodMonitor").length > 1) wrong.push("two PodMonitors");
  return all.length;
}

// README shows manifests to be pasted, and kustomizations on a remote base, which is this folder.
function* shown(file) {
  for (const [, text] of readFileSync(file, "utf8").matchAll(/^```yaml\n(.*?)^```$/gms))
    for (const document of parseAllDocuments(text)) {
      const object = document.toJS();
      if (object.kind !== "Kustomization") {
        yield ["README.md", object];
        continue;
      }
      const bases = text.match(/https:\S+\/\/kubernetes\//g);
      if (!bases) wrong.push(`${file}: a kustomization without a remote base`);
      const local = JSON.parse(JSON.stringify(object).replace(/https:[^"]+?\/\/kubernetes\/([\w-]+)\?ref=[^"]+/g, "../$1"));
      local.resources = local.resources.map((name) => (name.endsWith(".yaml") ? "app.json" : name));
      for (const built of build("readme", local, { "app.json": JSON.stringify(application("Deployment")) }))
        yield ["README.md", built];
    }
}

function moduleOf({ apiVersion, kind }) {
  const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
  if (group === "monitoring.coreos.com") return `@kubernetes-models/prometheus-operator/${apiVersion}/${kind}`;
  return `kubernetes-models/${group ? `${group}/` : ""}${version}/${kind}`;
}

async function wrongValues(object) {
  const model = (await import(moduleOf(object)))[object.kind];
  try {
    new model(object).validate();
    return [];
  } catch (error) {
    return [error.message];
  }
}

// The whole set in one program: the compiler starts once.
function unknownFields(all) {
  const file = join(here, "manifests.ts");
  writeFileSync(file, all.map(([name, object], i) =>
    `import type { I${object.kind} as K${i} } from "${moduleOf(object)}"; // ${name}\n` +
    `export const o${i}: K${i} = ${JSON.stringify(object)};\n`).join(""));
  const program = ts.createProgram([file], {
    module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, strict: true,
    noEmit: true, skipLibCheck: true,
  });
  const found = ts.getPreEmitDiagnostics(program)
    .map((diagnostic) => ts.flattenDiagnosticMessageText(diagnostic.messageText, " "));
  rmSync(file);
  return found;
}

const all = [...objects(), ...process.argv.slice(3).flatMap((file) => [...shown(file)])];
const together = checkTogether(["node", "central", "diagnose", "example", "monitoring"]);
wrong.push(...unknownFields(all));
for (const [name, object] of all)
  for (const reason of await wrongValues(object)) wrong.push(`${name}: ${object.kind}: ${reason}`);

// The judge itself: it must see a misspelt field and a value of the wrong type.
const spoilt = structuredClone(all.find(([, object]) => object.kind === "Deployment")[1]);
spoilt.spec.template.spec.containers[0].livenesProbe = {};
if (!unknownFields([["spoilt", spoilt]]).length) wrong.push("a misspelt field goes unnoticed");
spoilt.spec.replicas = "one";
if (!(await wrongValues(spoilt)).length) wrong.push("a wrong type goes unnoticed");

if (!all.some(([name]) => name === "README.md")) wrong.push("README.md shows no manifest");
for (const line of wrong) console.error(line);
console.log(`${together} objects of one cluster; ${all.length} objects of ${new Set(all.map(([name]) => name)).size} folders, ${wrong.length} mistakes`);
process.exit(wrong.length || all.length < 10 ? 1 : 0);
