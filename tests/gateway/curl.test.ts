// Contract: a curl command, as documents and browsers write it, becomes the request that it would send.
// Specified by curl(1) and POSIX' shell grammar, as far as they matter for one request.
import { describe, expect, it } from "vitest";
import { readCurl } from "../../gateway/src/explain/curl.ts";
import { splitWords } from "../../gateway/src/explain/shell.ts";

async function read(command: string): Promise<Record<string, string>> {
  const { headers, body } = await readCurl(splitWords(command), () => Promise.resolve(Buffer.from("a\nb\n")));
  return { ...Object.fromEntries(headers), body: body.toString() };
}

describe("words of a shell", () => {
  it.each([
    [`a  b\tc\n`, ["a", "b", "c"]],
    [`a 'b "c"' "d 'e' \\"f\\" \\x"`, ["a", `b "c"`, `d 'e' "f" \\x`]],
    [`one\\ word 'joined'"here"`, ["one word", "joinedhere"]],
    [`a \\\n  b \\\r\n c`, ["a", "b", "c"]],
    [`$'it\\'s\\n\\u00e9\\x41'`, ["it's\néA"]],
    [`''`, [""]],
    [`"Bearer $KEY"`, ["Bearer $KEY"]],
  ])("%j", (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  it.each([`'a`, `"a`, `$'a`, `"a\\"`])("refuses %j, whose quote is never closed", (text) => {
    expect(() => splitWords(text)).toThrow(/is never closed/);
  });
});

describe("curl", () => {
  it("sends a call of a chat as the documents write it", async () => {
    const command = `curl https://api.example.com/v1/chat/completions?x=1 \\
      -H "Authorization: Bearer sk-1" -H 'Content-Type: application/json' \\
      -d '{"model":"m"}'`;
    expect(await read(command)).toMatchObject({
      ":method": "POST",
      ":authority": "api.example.com",
      ":path": "/v1/chat/completions?x=1",
      authorization: "Bearer sk-1",
      "content-type": "application/json",
      "content-length": "13",
      body: '{"model":"m"}',
    });
  });

  it.each([
    ["curl host/v1/models", { ":method": "GET", ":path": "/v1/models", body: "" }],
    ["curl -XPUT host/", { ":method": "PUT" }],
    ["curl -sSXDELETE host/", { ":method": "DELETE" }],
    ["curl -I host/", { ":method": "HEAD" }],
    [
      "curl host/ -d a=1 -d b=2",
      { ":method": "POST", body: "a=1&b=2", "content-type": "application/x-www-form-urlencoded" },
    ],
    ["curl -G host/p -d a=1 -d b=2", { ":method": "GET", ":path": "/p?a=1&b=2", body: "" }],
    ["curl -G host/p?z=1 --data-urlencode 'a=ü &'", { ":path": "/p?z=1&a=%C3%BC%20%26" }],
    ["curl --json '{}' host/", { "content-type": "application/json", body: "{}" }],
    ["curl -d @file host/", { body: "ab" }],
    ["curl --data-binary @file host/", { body: "a\nb\n" }],
    ["curl --data-raw @file host/", { body: "@file" }],
    ["curl -u me:secret host/", { authorization: "Basic bWU6c2VjcmV0" }],
    ["curl http://me:secret@host/", { authorization: "Basic bWU6c2VjcmV0", ":authority": "host" }],
    [
      "curl -b 'a=1' -A agent --url host:81/x",
      { cookie: "a=1", "user-agent": "agent", ":authority": "host:81" },
    ],
    ["curl -H 'Host: other' host/", { ":authority": "other" }],
    ["curl -o /dev/null -w '%{http_code}' --max-time 3 host/", { ":path": "/" }],
    ["curl --request=PATCH host/", { ":method": "PATCH" }],
    ["curl -H 'constructor: x' --unknown host/", { ":authority": "host", constructor: "x" }],
  ])("%s", async (command, request) => {
    expect(await read(command)).toMatchObject(request);
  });

  it("needs a URL", async () => {
    await expect(read("curl -s")).rejects.toThrow("there is no URL in the command");
    await expect(read("curl 'http://['")).rejects.toThrow("the URL cannot be read");
  });

  it("reads no file where none may be read", async () => {
    for (const option of ["-d", "--data-binary", "--json"])
      await expect(readCurl(["curl", "host/", option, "@/etc/passwd"], undefined)).rejects.toThrow(
        /cannot be read here/,
      );
  });
});
