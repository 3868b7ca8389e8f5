// The AssemblyScript compiler, with types of our own in asc.d.mts: those it comes with declare globals, and so change what
// Array and others mean in every file that is type-checked together with them.
export { default } from "assemblyscript/asc";
