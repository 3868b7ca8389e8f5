// Optimises a release build. The compiler would do so too, but knows only two ways: one inlines so much that half of the module is
// copies, the other so little that requests take a quarter longer. Here small functions are inlined, and those that are called
// once. Which larger ones are worth their copies is said where they are declared, with `@inline`.
import binaryen from "assemblyscript/binaryen";
import { clearObjects } from "./zeroed-objects.mjs";

const { BulkMemory, BulkMemoryOpt, MutableGlobals, NontrappingFPToInt, SignExt } = binaryen.Features;
/** What the compiler takes for granted that hosts have. */
const FEATURES = BulkMemory | BulkMemoryOpt | MutableGlobals | NontrappingFPToInt | SignExt;

/**
 * The optimised form of a module that the compiler has not optimised, with the names of its functions.
 * @param inlined how many expressions a function may have that is inlined wherever it is called, and one that is called once
 */
export function optimized(bytes, inlined) {
  const module = binaryen.readBinary(bytes);
  module.setFeatures(FEATURES);
  clearObjects(module);
  // These settings are binaryen's own, for whatever it does next.
  binaryen.setOptimizeLevel(3);
  binaryen.setShrinkLevel(1);
  binaryen.setDebugInfo(false);
  binaryen.setAlwaysInlineMaxSize(inlined.everywhere);
  binaryen.setOneCallerInlineMaxSize(inlined.once);
  binaryen.setAllowInliningFunctionsWithLoops(true);
  binaryen.setGenerateStackIR(true);
  binaryen.setOptimizeStackIR(true);
  module.optimize();
  const result = Buffer.from(module.emitBinary());
  module.dispose();
  return result;
}
