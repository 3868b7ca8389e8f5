// An OCI image layout in a directory: blobs, one manifest, one index.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { constants, gzipSync } from "node:zlib";
import { pack } from "tar-stream";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
/** What `oras push` of the versions that Higress uses sets for an artifact without a configuration. */
const CONFIG = "application/vnd.unknown.config.v1+json";

/** A gzipped tar with one file. Neither time, owner nor system of the machine is in it. */
export async function tarball(name, bytes) {
  const archive = pack();
  archive.entry({ name, mode: 0o644, uid: 0, gid: 0, mtime: new Date(0) }, bytes);
  archive.finalize();
  const chunks = [];
  for await (const chunk of archive) chunks.push(chunk);
  const gzipped = gzipSync(Buffer.concat(chunks), { level: constants.Z_BEST_COMPRESSION });
  gzipped[9] = 255; // RFC 1952: the system that compressed it is unknown. zlib leaves the time at zero.
  return gzipped;
}

/**
 * Writes the layout in place of what was there.
 * @param layers in their order: `{ mediaType, title, bytes }`; a title is the name of the file it is pulled as
 * @param reference by which clients find the manifest in the layout
 * @returns the digest of the manifest, which is that of the pushed image
 */
export function writeLayout(directory, { layers, annotations, reference }) {
  const blobs = join(directory, "blobs", "sha256");
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(blobs, { recursive: true });

  const store = (mediaType, bytes, extra = {}) => {
    const hash = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(join(blobs, hash), bytes);
    return { mediaType, digest: `sha256:${hash}`, size: bytes.length, ...extra };
  };
  const json = (value) => Buffer.from(JSON.stringify(value));

  const manifest = store(
    MANIFEST,
    json({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: store(CONFIG, json({})),
      layers: layers.map(({ mediaType, title, bytes }) =>
        store(mediaType, bytes, { annotations: { "org.opencontainers.image.title": title } }),
      ),
      annotations,
    }),
    { annotations: { "org.opencontainers.image.ref.name": reference } },
  );
  writeFileSync(join(directory, "oci-layout"), json({ imageLayoutVersion: "1.0.0" }));
  writeFileSync(
    join(directory, "index.json"),
    json({ schemaVersion: 2, mediaType: INDEX, manifests: [manifest] }),
  );
  return manifest.digest;
}
