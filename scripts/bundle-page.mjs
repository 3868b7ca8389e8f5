// Writes build/page/: the libraries of the gateway's page, each bundle one module, so that the page's own files are served as they are.
import { copyFileSync, mkdirSync, renameSync } from "node:fs";
import { build } from "esbuild";

const BUNDLES = {
  page: `
    export { h, render } from "preact";
    export { useEffect, useRef, useState } from "preact/hooks";
    export { default as htm } from "htm";
    export { default as uPlot } from "uplot";`,
  editor: `
    export { basicSetup, EditorView } from "codemirror";
    export { autocompletion } from "@codemirror/autocomplete";
    export { yaml } from "@codemirror/lang-yaml";
    export { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
    export { setDiagnostics } from "@codemirror/lint";
    export { tags } from "@lezer/highlight";`,
};

const folder = "build/page";
mkdirSync(folder, { recursive: true });
for (const [name, contents] of Object.entries(BUNDLES)) {
  const scratch = `${folder}/${name}.${process.pid}`;
  await build({
    stdin: { contents, resolveDir: "." },
    outfile: scratch,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    legalComments: "eof",
    logLevel: "warning",
  });
  // Moved into place, so that whoever reads it has all of it.
  renameSync(scratch, `${folder}/${name}.js`);
}
copyFileSync("node_modules/uplot/dist/uPlot.min.css", `${folder}/uplot.css`);
