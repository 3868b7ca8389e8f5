// A transform of the AssemblyScript compiler: keeps code small that requests do not run. Functions are inlined for speed, and
// each copy takes room. So a function is not inlined if most of its calls are in code that only starts the module or reads a
// configuration.
import binaryen from "assemblyscript/binaryen";
import { callsIn } from "./module-text.mjs";

/** What the host calls seldom. */
const COLD_EXPORTS = new Set(["_initialize", "proxy_on_vm_start", "proxy_on_configure"]);
/** How many calls cold code must have for each other call. */
const SHARE = 2;
/** Functions with fewer lines of text than this take no more room than a call. */
const SMALL = 20;
const PASS = "no-inline";

export default class {
  /** The compiler calls this before it optimises the module of binaryen, which is changed in place. */
  afterCompile(module) {
    // Otherwise a function that is not to be inlined could stand in for the same function that is.
    module.runPasses(["duplicate-function-elimination"]);
    for (const name of coldFunctions(callsIn(module.emitText()))) {
      binaryen.setPassArgument(PASS, name);
      module.runPasses([PASS]);
    }
    binaryen.setPassArgument(PASS, null);
  }
}

/** The functions with several calls, most of which are in cold code. */
function coldFunctions({ functions, exported, inTables }) {
  const roots = [...exported].filter(([name]) => !COLD_EXPORTS.has(name)).map(([, root]) => root);
  const hot = reachable(functions, [...roots, ...inTables]);
  const uses = new Map([...functions.keys()].map((name) => [name, { hot: 0, cold: 0 }]));
  for (const [caller, { calls }] of functions) {
    for (const name of calls) {
      if (uses.has(name)) ++uses.get(name)[hot.has(caller) ? "hot" : "cold"];
    }
  }
  const isCold = ([name, { hot, cold }]) =>
    hot + cold > 1 && cold >= SHARE * hot && (hot === 0 || functions.get(name).lines >= SMALL);
  return [...uses].filter(isCold).map(([name]) => name);
}

/** The functions that these call, directly or through others, and they themselves. */
function reachable(functions, roots) {
  const found = new Set();
  const waiting = [...roots];
  while (waiting.length > 0) {
    const name = waiting.pop();
    if (found.has(name)) continue;
    found.add(name);
    waiting.push(...(functions.get(name)?.calls ?? []));
  }
  return found;
}
