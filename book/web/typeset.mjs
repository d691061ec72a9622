// Typesets the formulas of the site's pages: [[TeX, displayed], ...] in, their HTML with MathML out.
import { readFileSync } from "node:fs";
import katex from "katex";

const formulas = JSON.parse(readFileSync(0, "utf8"));
const pages = formulas.map(([tex, displayMode]) => {
  try {
    return katex.renderToString(tex, { displayMode, output: "htmlAndMathml", strict: "error" });
  } catch (error) {
    console.error(`${error.message}\nin: ${tex}`);
    process.exit(1);
  }
});
process.stdout.write(JSON.stringify(pages));
