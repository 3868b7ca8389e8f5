import {
  autocompletion,
  basicSetup,
  EditorView,
  HighlightStyle,
  setDiagnostics,
  syntaxHighlighting,
  tags,
  yaml,
} from "/vendor/editor.js";
import { completionsAt } from "/completion.js";

/** Those of the page, light and dark. */
const COLOURS = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: "var(--link)" },
  { tag: [tags.string, tags.number, tags.bool], color: "var(--good)" },
  { tag: tags.comment, color: "var(--quiet)" },
  { tag: [tags.separator, tags.punctuation, tags.meta], color: "var(--quiet)" },
]);

let schema = null;

async function loadSchema() {
  schema ??= await (await fetch("/config.schema.json")).json();
  return schema;
}

async function complete(context) {
  const word = context.matchBefore(/[\w-]*/);
  if (!context.explicit && word.from === word.to) return null;
  const before = context.state.doc.sliceString(0, word.from);
  const options = completionsAt(await loadSchema(), before);
  return options.length === 0 ? null : { from: word.from, options, validFor: /^[\w-]*$/ };
}

/** An editor for YAML, in a shadow root, so that its styles and those of the page leave each other alone. */
export function createEditor(place, onChange) {
  const root = place.attachShadow({ mode: "open" });
  const view = new EditorView({
    root,
    parent: root,
    extensions: [
      basicSetup,
      yaml(),
      syntaxHighlighting(COLOURS),
      autocompletion({ override: [complete] }),
      EditorView.contentAttributes.of({ "aria-label": "Configuration, YAML" }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) onChange(update.state.doc.toString());
      }),
      EditorView.theme({
        "&": { height: "100%", color: "var(--text)", backgroundColor: "var(--field)", fontSize: "13px" },
        ".cm-content": { caretColor: "var(--text)" },
        ".cm-gutters": { color: "var(--quiet)", backgroundColor: "var(--panel)", border: "none" },
        ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "transparent" },
        "&.cm-focused .cm-cursor": { borderLeftColor: "var(--text)" },
        ".cm-tooltip": { color: "var(--text)", backgroundColor: "var(--panel)" },
      }),
    ],
  });
  return {
    setText: (text) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } }),
    show: (findings) => view.dispatch(setDiagnostics(view.state, diagnostics(view.state.doc, findings))),
    goTo: (line) => {
      const { from } = view.state.doc.line(Math.min(line, view.state.doc.lines));
      view.dispatch({ selection: { anchor: from }, scrollIntoView: true });
      view.focus();
    },
    destroy: () => view.destroy(),
  };
}

const SEVERITIES = { error: "error", warning: "warning", note: "info" };

function diagnostics(doc, findings) {
  return findings.map(({ severity, position, message }) => {
    const line = doc.line(Math.min(position?.line ?? 1, doc.lines));
    const from = Math.min(line.to, line.from + (position?.column ?? 1) - 1);
    return { from, to: line.to, severity: SEVERITIES[severity], message };
  });
}
