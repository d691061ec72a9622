// Networks in a worker: loaded when asked for, stopped when the page is left.
//
//   const networks = await Networks.start({ files: { plain: "live-unet-plain.onnx" }, provider: "wasm", progress });
//   const { logits, ms } = await networks.run(image, [1, 3, 48, 48]);   // logits.plain is a Float32Array
//   networks.stop();
//
// The image is a Float32Array in [0, 1]; it goes to the worker and nowhere else.

const RUNTIME = new URL("./vendor/ort/", import.meta.url).href;
const DATA = new URL("./data/", import.meta.url);

/** Whether networks can run in this browser at all. */
export const possible = () => typeof WebAssembly === "object" && typeof Worker === "function";

/** Whether there is a graphics card that they can run on. */
export async function hasCard() {
  return Boolean(await navigator.gpu?.requestAdapter().catch(() => null));
}

export class Networks {
  #worker = new Worker(new URL("./live-worker.mjs", import.meta.url), { type: "module" });
  #waiting = new Map();
  #count = 0;

  static async start({ files, provider, progress }) {
    const networks = new Networks(progress);
    const addresses = Object.entries(files).map(([name, file]) => [name, new URL(file, DATA).href]);
    try {
      await networks.#ask({ task: "load", provider, runtime: RUNTIME, networks: Object.fromEntries(addresses) });
    } catch (error) {
      networks.stop();
      throw error;
    }
    return networks;
  }

  constructor(progress) {
    this.#worker.onmessage = ({ data: { id, error, progress: words, ...found } }) => {
      if (words) progress?.(words);
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) waiting?.reject(new Error(error));
      else waiting?.resolve(found);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#rejectAll(event.message || "the worker did not start");
    };
  }

  run(image, dims) {
    return this.#ask({ task: "run", image, dims });
  }

  stop() {
    this.#worker.terminate();
    this.#rejectAll("the networks have been stopped");
  }

  #ask(message) {
    const id = (this.#count += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, ...message });
    });
  }

  #rejectAll(words) {
    for (const { reject } of this.#waiting.values()) reject(new Error(words));
    this.#waiting.clear();
  }
}
