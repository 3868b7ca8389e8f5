// What is known of where the image comes from, as annotations.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md
import { execFileSync } from "node:child_process";

/** Annotations of the image. Only `created` depends on anything but the sources, and only if asked for. */
export function imageAnnotations(manifest, { title, description, env = process.env }) {
  const annotations = {
    title,
    description,
    version: manifest.version,
    licenses: manifest.license,
    source: sourceUrl(manifest.repository?.url ?? git("remote", "get-url", "origin")),
    revision: revision(),
    created: created(env.SOURCE_DATE_EPOCH),
  };
  return Object.fromEntries(
    Object.entries(annotations)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [`org.opencontainers.image.${name}`, value]),
  );
}

/**
 * The web address of a repository, without credentials; nothing for one that is not on the network.
 * @param remote as git and npm write it: `https://…`, `git+https://…`, `ssh://git@host/…` or `git@host:path`
 */
export function sourceUrl(remote) {
  const match =
    /^(?:git\+)?(?:https?:\/\/|ssh:\/\/)?(?:[^@/]*@)?([\w.-]+\.[\w.-]+)(?::\d+)?[:/](.+?)(?:\.git)?\/?$/.exec(
      remote ?? "",
    );
  return match ? `https://${match[1]}/${match[2]}` : undefined;
}

/** The commit, with `-dirty` if a file that git knows differs from it. */
function revision() {
  const commit = git("rev-parse", "HEAD");
  const changes = git("status", "--porcelain", "--untracked-files=no");
  return commit && (changes ? `${commit}-dirty` : commit);
}

/** https://reproducible-builds.org/specs/source-date-epoch/ */
function created(seconds) {
  return seconds ? new Date(Number(seconds) * 1000).toISOString() : undefined;
}

/** What git says; nothing if this is no repository, or if there is no git. */
function git(...args) {
  try {
    return execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return undefined;
  }
}
