import "../../assembly/abi/static-data";

/** A module that only unpacks. The test gives it other data. */
export function nothing(): void {}
