/** The web address of a repository, without credentials; nothing for one that is not on the network. */
export function sourceUrl(remote: string | undefined): string | undefined;
