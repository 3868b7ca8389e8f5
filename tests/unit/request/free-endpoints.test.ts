// Contract of assembly/request/free-endpoints: what is surely free is neither checked nor charged, and no spelling of a
// request that calls a model is taken for it. Specified by the sources in the table there and RFC 9110, 9.2.1.
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  isFree(method: string, path: ArrayBuffer, hasBody: boolean, extra: string): boolean;
}

let harness: Harness;
beforeAll(async () => {
  harness = await loadHarness<Harness>("tests/unit/request/free-endpoints.harness.ts");
});

const isFree = (method: string, path: string, hasBody = method === "POST", extra = ""): boolean =>
  harness.isFree(method, new TextEncoder().encode(path).buffer as ArrayBuffer, hasBody, extra);

describe("a request that asks for nothing", () => {
  it.each([
    ["OPTIONS", "/v1/chat/completions"],
    ["HEAD", "/v1/messages"],
    ["GET", "/v1/models"],
    ["GET", "/v1/models/llama3:8b"],
    ["GET", "/v1/models?limit=20&after_id=a/b"],
    ["GET", "/v1/models/a%2Fb?after=%6D%"],
    ["GET", "/v1/responses/resp_1?stream=true"],
    ["GET", "/v1/files/file-1/content"],
    ["GET", "/api/tags"],
    ["GET", "/health"],
    ["GET", "/"],
    ["DELETE", "/v1/responses/resp_1"],
    ["DELETE", "/v1/files/file-1"],
  ])("is free: %s %s", (method, path) => {
    expect(isFree(method, path)).toBe(true);
  });

  it.each([
    ["a body", "GET", "/v1/models", true, ""],
    ["a body", "DELETE", "/v1/models", true, ""],
    ["a body", "OPTIONS", "/v1/chat/completions", true, ""],
    ["an upgrade", "GET", "/v1/realtime", false, "upgrade"],
    ["a header that changes its method", "GET", "/v1/models", false, "x-http-method-override"],
    ["a header that changes its method", "GET", "/v1/models", false, "x-method-override"],
    ["a header that changes its path", "GET", "/v1/models", false, "x-original-url"],
    ["a parameter that changes its method", "GET", "/v1/models?_Method=POST", false, ""],
    ["the path of a model's calls", "GET", "/v1/chat/completions", false, ""],
    ["the path of a model's calls", "GET", "/v1/messages/?x=1", false, ""],
    ["an escaped parameter that changes its method", "GET", "/v1/models?_m%65tho%44=POST", false, ""],
    ["that path, spelt differently", "GET", "/v1/chat/completions//", false, ""],
    ["that path, spelt differently", "GET", "/v1/chat/c%6Fmpletions", false, ""],
    ["that path, spelt differently", "GET", "/v1/chat/completions;x", false, ""],
    ["that path, spelt differently", "GET", "/v1/Generate/.", false, ""],
    ["that path, spelt differently", "GET", "/v1/models/../chat/completions", false, ""],
    ["that path, spelt differently", "DELETE", "/v1/models/../generate/x", false, ""],
  ])("is not when it has %s: %s %s", (_what, method, path, hasBody, extra) => {
    expect(isFree(method, path, hasBody, extra)).toBe(false);
  });

  it.each(["get", "PUT", "PATCH", "post", "CONNECT", "PROPFIND", "TRACE", "GETX", ""])(
    "is never one with the method %j",
    (method) => {
      expect(isFree(method, "/v1/models", false)).toBe(false);
    },
  );
});

describe("a POST to an endpoint that consumes nothing", () => {
  it.each([
    "/v1/messages/count_tokens",
    "/v1/messages/count_tokens/",
    "/v1/messages/count_tokens?beta=true",
    "/anthropic/v1/messages/count_tokens",
    "/v1/responses/input_tokens",
    "/openai/v1/responses/input_tokens",
    "/v1beta/models/gemini-2.0-flash:countTokens?key=abc",
    "/v1/projects/p/locations/us-central1/publishers/google/models/gemini-2.0-flash:computeTokens",
    "/v1/projects/p/locations/us/publishers/anthropic/models/count-tokens:rawPredict",
    "/model/anthropic.claude-3-5-sonnet-20241022-v2:0/count-tokens",
    "/v1/tokenize",
    "/tokenize",
    "/detokenize",
    "/v1/files",
    "/openai/files?api-version=2024-10-21",
    "/upload/v1beta/files",
    "/v1/uploads/upload_abc/parts",
    "/v1/batches",
    "/v1/messages/batches",
    "/v1/messages/batches/msgbatch_01/cancel",
    "/v1/fine_tuning/jobs",
    "/v1/vector_stores/vs_1/files",
    "/v1/assistants",
    "/v1/responses/resp_1/cancel",
    "/api/show",
    "/api/blobs/sha256:29fdb92e57cf0827",
    "/compatible-mode/v1/files",
    "/v1beta1/projects/p/locations/us-central1/cachedContents",
    // Below a segment of a gateway's own.
    "/team-a/v1/messages/count_tokens",
    "/team-a/messages/count_tokens",
    // Below any of its segments, where a version begins the provider's path.
    "/team-a/v1/files",
    "/eu/team-a/openai/v1/files",
    "/gateway/api/paas/v4/files",
    "/llm/v1beta1/cachedContents",
    "/a/b/c/v1/messages/count_tokens",
  ])("is free: %s", (path) => {
    expect(isFree("POST", path)).toBe(true);
    expect(isFree("DELETE", path, true)).toBe(true);
  });

  it.each([
    // Calls of models.
    "/v1/chat/completions",
    "/v1/messages",
    "/v1/responses",
    "/v1/responses/resp_1",
    "/v1beta/models/gemini-2.0-flash:generateContent",
    "/v1beta/models/gemini-2.0-flash:batchGenerateContent",
    "/model/anthropic.claude-3-5-sonnet-20241022-v2:0/converse",
    // What is posted there is the input of a later run or response.
    "/v1/threads",
    "/v1/threads/thread_1/messages",
    "/v1/conversations",
    "/v1/conversations/conv_1/items",
    "/v1/threads/runs",
    "/v1/threads/thread_1/runs",
    "/v1/vector_stores/vs_1/search",
    "/v1/moderations",
    "/v1/unknown",
    "/",
    "",
    // A free ending where an upstream may look at the beginning.
    "/v1/chat/completions/count_tokens",
    "/v1/chat/completions/messages/count_tokens",
    "/v1/chat/completions/v1/files",
    "/v1/messages/files",
    "/v1/responses/batches",
    "/v1beta/models/gemini:generateContent/models/x:countTokens",
    "/v1/embeddings/tokenize",
    // What stands before the ending is no path of an API that has it.
    "/v1/videos/files",
    "/v1/engines/x/search/files",
    "/videos/files",
    "/v1/v1/files",
    "/team-a/files",
    "/team-a/v1/audio/files",
    "/team-a/version/files",
    // A version, but not the first.
    "/v1/engines/x/search/v1/files",
    "/v1/videos/v1/files",
    "/v1/models/a/b/predictions/v1/files",
    "/team-a/v1/videos/v2/files",
    "/V1/videos/v1/files",
    // A call in front of it, which has none.
    "/team-a/chat/completions/v1/files",
    "/model/x/converse/v1/files",
    "/endpoints/x/invocations/v1/files",
    "/api/generate/v1/tokenize",
    "/models/x:generateContent/v1/files",
    "/v1/audio/tokenize",
    "/v1/runs/v1/messages/count_tokens",
    "/v1/projects/p/locations/l/endpoints/files",
    // Half of an ending.
    "/v1/count_tokens",
    "/v1/xmessages/count_tokens",
    "/v1/messages/count_tokensx",
    "/v1/messages-count_tokens",
    "/v1/my-files",
    "/v1beta/models/:countTokens",
    "/v1/vector_stores/search",
    "/v1/vector_stores/vs_",
    "/v1/threads/thread_1/runs/run_1/submit_tool_outputs",
    // Paths that are normalised into others.
    "/v1/messages/../messages/count_tokens",
    "/v1/files/../chat/completions",
    "/v1/chat/completions/../../v1/files",
    "/v1/./files",
    "/v1//files",
    "//v1/files",
    "/v1/files//",
    "/v1/messages/count_tokens/..",
    "/v1/messages/count_tokens/.",
    "/v1/messages/count_tokens/...",
    "/v1/messages/count_tokens%2f..",
    "/v1/messages/count%5ftokens",
    "/v1/%66iles",
    "/v1/files%00",
    "/v1/chat/completions%3f/v1/files",
    "/v1/chat/completions;/v1/files",
    "/v1/files;/../chat/completions",
    "/v1/chat\\completions/v1/files",
    "/v1/chat/completions#/v1/files",
    "/v1/files#",
    "/v1/fïles",
    "/V1/FILES",
    "/V1/Chat/Completions/tokenize",
    "/v1beta/interactions/files",
    "/v1/images/variations/tokenize",
    "/v1/moderations/files",
    "/v1/Files",
    "http://x/v1/chat/completions/v1/files",
    "v1/files",
    // Endings in the query.
    "/v1/messages?x=/count_tokens",
    "/v1/messages?/v1/messages/count_tokens",
    "/v1/files?x=/v1/chat/completions",
    "/v1/files?x=%2Fv1%2Fchat%2Fcompletions",
    "/v1/files?_method=PATCH",
    // More than anybody needs.
    `/${"a/".repeat(16)}files`,
    `/${"a".repeat(1024)}/files`,
  ])("is not: %s", (path) => {
    expect(isFree("POST", path)).toBe(false);
    expect(isFree("DELETE", path, true)).toBe(false);
  });

  it.each(["x-http-method-override", "x-http-method", "x-original-url", "x-rewrite-url", "upgrade"])(
    "is none with the header %s, which may make it another request",
    (extra) => {
      expect(isFree("POST", "/v1/files")).toBe(true);
      expect(isFree("POST", "/v1/files", true, extra)).toBe(false);
    },
  );

  it("is none with another method, however that is spelled", () => {
    for (const method of ["post", "Post", "PUT", "PATCH", "GET"]) {
      expect(isFree(method, "/v1/files", true), method).toBe(false);
    }
  });
});
