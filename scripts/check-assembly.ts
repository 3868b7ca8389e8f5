// What ESLint would find if it could read AssemblyScript: unused imports and exports, long functions, long files. Ends with 1
// if there is something that is not on the list of exceptions, or something on the list that is no longer there.
import { resolve } from "node:path";
import { compareWithExceptions } from "./source/check-assembly.ts";
import { EXCEPTIONS } from "./source/exceptions.ts";
import { checkAssemblyOf } from "./source/project.ts";

const problems = compareWithExceptions(checkAssemblyOf(resolve(import.meta.dirname, "..")), EXCEPTIONS);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
