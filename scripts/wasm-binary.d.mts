export interface Section {
  id: number;
  content: Buffer;
}

/** The sections of a module, in order. */
export function sectionsOf(module: Uint8Array): Section[];

/** A module of other sections; `module` gives the version of the format. */
export function withSections(module: Uint8Array, sections: Section[]): Buffer;

/** The content of a data section. */
export function dataOf(segments: { address: number; bytes: Uint8Array }[]): Buffer;
