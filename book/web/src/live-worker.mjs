// Runs networks off the page's thread, with onnxruntime-web: started and stopped by live-networks.mjs.
//
// Messages in: { id, task: "load", provider, runtime, networks: { name: address } }, then
// { id, task: "run", image: Float32Array, dims }. Out: { id, ... } or { id, error }, and { progress } while loading.

const BUNDLES = {
  wasm: ["ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"],
  webgpu: ["ort.webgpu.bundle.min.mjs", "ort-wasm-simd-threaded.asyncify.wasm"],
};
const sessions = new Map();
let ort;

async function load({ provider, runtime, networks }) {
  const [script, program] = BUNDLES[provider].map((file) => new URL(file, runtime).href);
  ort = await import(script);
  ort.env.logLevel = "error";
  ort.env.wasm.numThreads = 1; // more need headers that a plain file server does not send
  ort.env.wasm.wasmPaths = { wasm: program };
  const names = Object.keys(networks);
  for (const name of names) {
    postMessage({ progress: `network ${sessions.size + 1} of ${names.length}` });
    const answer = await fetch(networks[name]);
    if (!answer.ok) throw new Error(`${networks[name]}: ${answer.status}`);
    const file = new Uint8Array(await answer.arrayBuffer());
    sessions.set(name, await ort.InferenceSession.create(file, { executionProviders: [provider] }));
  }
  return {};
}

async function run({ image, dims }) {
  const start = performance.now();
  const logits = {};
  for (const [name, session] of sessions) {
    const found = await session.run({ image: new ort.Tensor("float32", image, dims) });
    logits[name] = await found.logits.getData();
  }
  return { logits, ms: performance.now() - start };
}

const tasks = { load, run };
let last = Promise.resolve(); // one after the other: a session cannot run twice at once

self.onmessage = ({ data: { id, task, ...given } }) => {
  last = last
    .then(() => tasks[task](given))
    .then((found) => postMessage({ id, ...found }))
    .catch((error) => postMessage({ id, error: String(error?.message ?? error) }));
};
