// Static objects in memory, as std/assembly/rt/tcms.ts of AssemblyScript has them: the size of the block without this number,
// two numbers for the collector, the number of the class, the size of the content, the content.

/** Where what stands in the block. */
export const COLOR = 4;
export const CLASS = 12;
export const CONTENT_SIZE = 16;
export const HEADER = 20;

/** Classes whose objects refer to no others. */
export const Class = { Buffer: 1, String: 2 };

/** The colour that tells the collector to leave an object alone. */
export const TRANSPARENT = 3;
