import type binaryen from "assemblyscript/binaryen";

/** Has new objects cleared, and removes what then has no effect; `module` is not optimised yet, and is changed in place. */
export function clearObjects(module: binaryen.Module): void;
