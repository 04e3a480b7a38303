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

// A component is tried on the example's application, after the one it builds on, if it says so.
function wrap(component) {
  const folder = join(root, `with-${component}`);
  const before = component === "configmap" || component === "pull-secret" ? ["../native-sidecar"] : [];
  mkdirSync(folder);
  writeFileSync(join(folder, "deployment.yaml"), readFileSync(join(root, "example/deployment.yaml")));
  writeFileSync(join(folder, "kustomization.yaml"),
    JSON.stringify({ resources: ["deployment.yaml"], components: [...before, `../${component}`] }));
  return folder;
}

function* objects() {
  for (const name of readdirSync(root).sort()) {
    const file = join(root, name, "kustomization.yaml");
    if (!existsSync(file)) continue;
    const component = readFileSync(file, "utf8").includes("kind: Component");
    for (const object of read(component ? wrap(name) : join(root, name))) yield [name, object];
  }
}

// What README shows to be pasted.
function* shown(file) {
  for (const [, text] of readFileSync(file, "utf8").matchAll(/^```yaml\n(.*?)^```$/gms))
    for (const document of parseAllDocuments(text)) yield ["README.md", document.toJS()];
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

const all = [...objects(), ...shown(process.argv[3])];
const wrong = unknownFields(all);
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
console.log(`${all.length} objects of ${new Set(all.map(([name]) => name)).size} folders, ${wrong.length} mistakes`);
process.exit(wrong.length || all.length < 10 ? 1 : 0);
