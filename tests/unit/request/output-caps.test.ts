// Contract of assembly/request/output-caps and cap-writer: what a body says about the output, and how a smaller cap is written
// into it. Specified by the references named in cap-rules.ts. No caller pays for less than a server may put out.
import { beforeAll, describe, expect, it } from "vitest";
import { type ApiName, bytesOf, type Caps, loadCaps } from "./output-caps.ts";

let caps: Caps;
beforeAll(async () => {
  caps = await loadCaps();
});

const stated = (api: ApiName, body: string): number => caps.read(api, body).stated;
const MESSAGES = `"messages":[{"role":"user","content":"Hi"}]`;

describe("a body as clients send it", () => {
  // prettier-ignore
  it.each<[ApiName, string, number, string]>([
    ["chat", `{"model":"gpt-4o",${MESSAGES},"max_tokens":4096,"n":1}`, 4096, `{"model":"gpt-4o",${MESSAGES},"max_tokens": 900,"n":1}`],
    ["chat", `{"model":"o3",${MESSAGES},"max_completion_tokens":4096}`, 4096, `{"model":"o3",${MESSAGES},"max_completion_tokens": 900}`],
    ["chat", `{"max_tokens":500,"max_completion_tokens":1000,${MESSAGES}}`, 1000, `{"max_tokens":500,"max_completion_tokens": 900,${MESSAGES}}`],
    ["chat", `{"max_tokens":null,"max_completion_tokens":1000}`, 1000, `{"max_tokens":null,"max_completion_tokens": 900}`],
    ["completions", `{"prompt":"Hi","max_tokens":1000}`, 1000, `{"prompt":"Hi","max_tokens": 900}`],
    ["responses", `{"model":"gpt-5","input":"Hi","max_output_tokens":1000}`, 1000, `{"model":"gpt-5","input":"Hi","max_output_tokens": 900}`],
    ["messages", `{"model":"claude-sonnet-4","max_tokens":1024,${MESSAGES}}`, 1024, `{"model":"claude-sonnet-4","max_tokens": 900,${MESSAGES}}`],
    ["messages", `{"max_tokens":0,${MESSAGES}}`, 0, `{"max_tokens":0,${MESSAGES}}`],
    ["gemini", `{"contents":[],"generationConfig":{"maxOutputTokens":2048,"temperature":1}}`, 2048, `{"contents":[],"generationConfig":{"maxOutputTokens": 900,"temperature":1}}`],
    ["gemini", `{"contents":[],"generation_config":{"max_output_tokens":2048}}`, 2048, `{"contents":[],"generation_config":{"max_output_tokens": 900}}`],
    ["ollama", `{"model":"qwen3","options":{"num_ctx":8192,"num_predict":1000}}`, 1000, `{"model":"qwen3","options":{"num_ctx":8192,"num_predict": 900}}`],
    ["converse", `{"messages":[],"inferenceConfig":{"maxTokens":1000}}`, 1000, `{"messages":[],"inferenceConfig":{"maxTokens": 900}}`],
    ["dashscope", `{"input":{"messages":[]},"parameters":{"max_tokens":1000}}`, 1000, `{"input":{"messages":[]},"parameters":{"max_tokens": 900}}`],
    ["cohere", `{"model":"command-a","max_tokens":1000}`, 1000, `{"model":"command-a","max_tokens": 900}`],
    ["unknown", `{"inputs":"Hi","parameters":{"max_new_tokens":1000}}`, 1000, `{"inputs":"Hi","parameters":{"max_new_tokens": 900}}`],
    ["unknown", `{"input":{"prompt":"Hi","max_tokens":1000}}`, 1000, `{"input":{"prompt":"Hi","max_tokens": 900}}`],
    ["unknown", `{"inputText":"Hi","textGenerationConfig":{"maxTokenCount":1000}}`, 1000, `{"inputText":"Hi","textGenerationConfig":{"maxTokenCount": 900}}`],
    ["unknown", `{"prompt":"Hi","max_gen_len":1000}`, 1000, `{"prompt":"Hi","max_gen_len": 900}`],
    ["unknown", `{"text":"Hi","sampling_params":{"max_new_tokens":1000}}`, 1000, `{"text":"Hi","sampling_params":{"max_new_tokens": 900}}`],
  ])("%s: %s states %i", (api, body, cap, clamped) => {
    expect(caps.read(api, body)).toMatchObject({ isJson: true, canWrite: true, stated: cap });
    expect(caps.growth(900)).toBe(0);
    expect(caps.copied(body, 900)).toBe(clamped);
    expect(caps.writeInPlace(body, 900)).toBe(clamped);
    for (const larger of [cap, cap + 1, 5000]) {
      expect(caps.writeInPlace(body, larger)).toBe(body);
      expect(caps.changedTo()).toBe(0);
    }
  });

  it("states the largest of its caps, wherever they stand", () => {
    expect(
      stated("chat", `{"max_tokens":5,"options":{"num_predict":7},"parameters":{"max_new_tokens":6}}`),
    ).toBe(7);
    expect(
      caps.copied(`{"max_tokens":5,"options":{"num_predict":7},"parameters":{"max_new_tokens":6}}`, 5),
    ).toBe(`{"max_tokens":5,"options":{"num_predict":5},"parameters":{"max_new_tokens":5}}`);
    expect(stated("chat", `{"max_tokens":5,"extra_body":{"max_tokens":7}}`)).toBe(7);
    expect(caps.copied(`{"max_tokens":5,"extra_body":{"max_tokens":7}}`, 6)).toBe(
      `{"max_tokens":5,"extra_body":{"max_tokens":6}}`,
    );
  });

  it("is read with white space, escapes and a byte order mark", () => {
    const body = `\ufeff \n{ "max_t\\u006fkens" :\t1000 ,"n": 3 } \r\n`;
    expect(caps.read("chat", body)).toMatchObject({ stated: 1000, multiplier: 3 });
    expect(caps.writeInPlace(body, 7)).toBe(body.replace("1000", "   7"));
    expect(caps.changedTo()).toBe(bytesOf(body.slice(0, body.indexOf(" ,"))).byteLength);
  });
});

describe("a body without a cap", () => {
  // prettier-ignore
  it.each<[ApiName, string, string]>([
    ["chat", `{"model":"gpt-4o",${MESSAGES}}`, `{"max_tokens":900,"model":"gpt-4o",${MESSAGES}}`],
    ["chat", `{}`, `{"max_tokens":900}`],
    ["chat", `{ }`, `{"max_tokens":900 }`],
    ["chat", `{"model":"openai/gpt-5-mini"}`, `{"max_completion_tokens":900,"model":"openai/gpt-5-mini"}`],
    ["chat", `{"model":"o1","model":"gpt-4o"}`, `{"max_tokens":900,"model":"o1","model":"gpt-4o"}`],
    ["chat", `{"model":"o1","max_tokens":null}`, `{"max_completion_tokens":900,"model":"o1","max_tokens":null}`],
    ["chat", `{"max_tokens":null}`, `{"max_tokens": 900}`],
    ["chat", `{"maxTokens":null}`, `{"max_tokens":900,"maxTokens": 900}`],
    ["completions", `{"prompt":"Hi"}`, `{"max_tokens":900,"prompt":"Hi"}`],
    ["responses", `{"input":"Hi"}`, `{"max_output_tokens":900,"input":"Hi"}`],
    ["messages", `{"model":"claude"}`, `{"max_tokens":900,"model":"claude"}`],
    ["gemini", `{"contents":[]}`, `{"generationConfig":{"maxOutputTokens":900},"contents":[]}`],
    ["gemini", `{"generationConfig":{"topK":1}}`, `{"generationConfig":{"maxOutputTokens":900,"topK":1}}`],
    ["gemini", `{"generation_config":{}}`, `{"generation_config":{"maxOutputTokens":900}}`],
    ["ollama", `{"options":{"seed":1}}`, `{"options":{"num_predict":900,"seed":1}}`],
    ["ollama", `{"options":null}`, `{"options":{"num_predict":900}}`],
    ["ollama", `{"options":{"num_predict":-1}}`, `{"options":{"num_predict":900}}`],
    ["converse", `{"messages":[]}`, `{"inferenceConfig":{"maxTokens":900},"messages":[]}`],
    ["dashscope", `{"input":{"prompt":"Hi"}}`, `{"parameters":{"max_tokens":900},"input":{"prompt":"Hi"}}`],
    ["cohere", `{"message":"Hi"}`, `{"max_tokens":900,"message":"Hi"}`],
  ])("%s: gets one: %s", (api, body, clamped) => {
    expect(caps.read(api, body)).toMatchObject({ isJson: true, canWrite: true, stated: -1 });
    expect(caps.growth(900)).toBe(clamped.length - body.length);
    expect(caps.copied(body, 900)).toBe(clamped);
    if (caps.growth(900) > 0) expect(caps.writeInPlace(body, 900)).toBe(body);
  });

  it.each<[ApiName, string]>([
    ["unknown", `{"input":"Hi"}`],
    ["unknown", `{"max_tokens":null}`],
    ["noOutput", `{"input":"Hi"}`],
  ])("%s: is left alone: %s", (api, body) => {
    expect(caps.read(api, body)).toMatchObject({ isJson: true, canWrite: false, stated: -1 });
    expect(caps.copied(body, 9)).toBe(body);
  });
});

describe("a cap that the API may not obey", () => {
  // prettier-ignore
  it.each<[string, ApiName, string, string]>([
    ["of another API", "chat", `{"max_output_tokens":1}`, `{"max_tokens":900,"max_output_tokens":1}`],
    ["of another API", "responses", `{"max_tokens":1}`, `{"max_output_tokens":900,"max_tokens":1}`],
    ["of another API", "gemini", `{"max_tokens":1}`, `{"generationConfig":{"maxOutputTokens":900},"max_tokens":1}`],
    ["in another object", "chat", `{"options":{"max_tokens":1}}`, `{"max_tokens":900,"options":{"max_tokens":1}}`],
    ["at the top", "ollama", `{"num_predict":1}`, `{"options":{"num_predict":900},"num_predict":1}`],
    ["spelt differently", "chat", `{"MAX_TOKENS":1}`, `{"max_tokens":900,"MAX_TOKENS":1}`],
    ["spelt differently", "chat", `{"maxTokens":1}`, `{"max_tokens":900,"maxTokens":1}`],
    ["in an object spelt differently", "ollama", `{"Options":{"num_predict":1}}`, `{"options":{"num_predict":900},"Options":{"num_predict":1}}`],
    ["that only newer models know", "chat", `{"model":"llama3","max_completion_tokens":1}`, `{"max_tokens":900,"model":"llama3","max_completion_tokens":1}`],
    ["that only newer models know", "chat", `{"model":"gpt-5","Model":"llama3","max_completion_tokens":1}`, `{"max_tokens":900,"model":"gpt-5","Model":"llama3","max_completion_tokens":1}`],
    ["of llama.cpp", "chat", `{"n_predict":1}`, `{"max_tokens":900,"n_predict":1}`],
  ])("counts as none, but as a wish: %s, %s: %s", (_what, api, body, clamped) => {
    expect(caps.read(api, body)).toMatchObject({ stated: -1, wanted: 1 });
    expect(caps.copied(body, 900)).toBe(clamped);
  });

  // prettier-ignore
  it.each<[string, ApiName, string, string]>([
    ["null, repeated", "chat", `{"max_tokens":5,"max_tokens":null}`, `{"max_tokens":5,"max_tokens":   9}`],
    ["null before it", "chat", `{"max_tokens":null,"max_tokens":5}`, `{"max_tokens":   9,"max_tokens":5}`],
    ["null, spelt differently", "chat", `{"max_tokens":5,"Max_Tokens":null}`, `{"max_tokens":5,"Max_Tokens":   9}`],
    ["a number in quotes", "chat", `{"max_tokens":5,"max_completion_tokens":"256"}`, `{"max_tokens":5,"max_completion_tokens":    9}`],
    ["an exponent", "chat", `{"max_tokens":5,"max_tokens":1e3}`, `{"max_tokens":5,"max_tokens":  9}`],
    ["a fraction", "chat", `{"max_tokens":256.0}`, `{"max_tokens":    9}`],
    ["a negative number", "chat", `{"max_tokens":-1}`, `{"max_tokens": 9}`],
    ["a negative zero", "chat", `{"max_tokens":-0}`, `{"max_tokens": 9}`],
    ["more than 2^63", "chat", `{"max_tokens":99999999999999999999}`, `{"max_tokens":                   9}`],
    ["more than a double", "chat", `{"max_tokens":1e400}`, `{"max_tokens":    9}`],
    ["a literal", "chat", `{"max_tokens":true}`, `{"max_tokens":   9}`],
    ["an escaped string", "chat", `{"max_tokens":"\\u0031"}`, `{"max_tokens":       9}`],
    ["what llama.cpp prefers", "chat", `{"max_tokens":5,"n_predict":-1}`, `{"max_tokens":5,"n_predict": 9}`],
    ["what llama.cpp prefers", "chat", `{"max_tokens":5,"n_predict":null}`, `{"max_tokens":5,"n_predict":   9}`],
    ["an unclear cap of another API", "chat", `{"max_tokens":5,"options":{"num_predict":-2}}`, `{"max_tokens":5,"options":{"num_predict": 9}}`],
    ["a second object", "ollama", `{"options":{"num_predict":5},"options":{}}`, `{"options":{"num_predict":5},"options":{"num_predict":9}}`],
    ["a second object, spelt differently", "ollama", `{"options":{"num_predict":5},"OPTIONS":{"a":1}}`, `{"options":{"num_predict":5},"OPTIONS":{"num_predict":9,"a":1}}`],
    ["a second object that is none", "ollama", `{"options":{"num_predict":5},"options":null}`, `{"options":{"num_predict":5},"options":{"num_predict":9}}`],
    ["a second object that is none", "ollama", `{"options":{"num_predict":5},"options":"xxxxxxxxxxxxxxxxxxxxxxxx"}`, `{"options":{"num_predict":5},"options":         {"num_predict":9}}`],
    ["null in a second object", "ollama", `{"options":{"num_predict":5},"options":{"num_predict":null}}`, `{"options":{"num_predict":5},"options":{"num_predict":   9}}`],
    ["letters of Unicode that Go folds", "chat", `{"max_tokens":5,"max_to\u212aen\u017f":-1}`, `{"max_tokens":5,"max_to\u212aen\u017f": 9}`],
    ["zero, which to Ollama is no limit", "ollama", `{"options":{"num_predict":0}}`, `{"options":{"num_predict":9}}`],
    ["zero, which others drop", "chat", `{"max_tokens":0}`, `{"max_tokens":9}`],
    ["zero beside another", "chat", `{"max_tokens":5,"max_completion_tokens":0}`, `{"max_tokens":5,"max_completion_tokens":9}`],
    ["zero of an unknown API", "unknown", `{"parameters":{"max_new_tokens":0}}`, `{"parameters":{"max_new_tokens":9}}`],
  ])("makes all caps count as none, and is overwritten: %s, %s: %s", (_what, api, body, clamped) => {
    expect(caps.read(api, body)).toMatchObject({ stated: -1, canWrite: true });
    expect(caps.copied(body, 9)).toBe(clamped);
  });
});

describe("a name that only looks like a cap", () => {
  it.each([
    `{"messages":[{"max_tokens":9000,"content":"\\"max_tokens\\":9000"}],"max_tokens":5}`,
    `{"tools":[{"function":{"parameters":{"properties":{"max_tokens":9000}}}}],"max_tokens":5}`,
    `{"metadata":{"max_tokens":9000},"max_tokens":5}`,
    `{"generationConfig":{"responseSchema":{"maxOutputTokens":9000}},"max_tokens":5}`,
    `{"xmax_tokens":9000,"max_tokensx":9000,"max-tokens":9000,"max_tokens ":9000,"max_tokens":5}`,
    `{"max_token\\ud800s":9000,"":1,"_":2,"max_tokens":5}`,
    `{"input":[{"max_tokens":9000}],"prompt":[{"n":9000}],"max_tokens":5}`,
    `{"${"max_".repeat(20)}tokens":9000,"max_tokens":5}`,
    `{"stream_options":{"n":9000},"x":${"[".repeat(200)}${"]".repeat(200)},"max_tokens":5}`,
  ])("does not count: %s", (body) => {
    expect(caps.read("chat", body)).toMatchObject({ isJson: true, stated: 5 });
    expect(caps.copied(body, 1)).toBe(body.replace(/:5}$/, ":1}"));
  });
});

describe("a body that cannot be clamped", () => {
  it.each([
    ["empty", ""],
    ["blank", " \n"],
    ["cut", `{"max_tokens":5`],
    ["followed by garbage", `{"max_tokens":5}x`],
    ["followed by a second text", `{"max_tokens":5}{"max_tokens":6}`],
    ["a list", `[{"max_tokens":5}]`],
    ["a number", "5"],
    ["a string", `"max_tokens"`],
    ["null", "null"],
    ["a form", "max_tokens=5"],
    ["with a comment before it", `/**/{"max_tokens":5}`],
    ["with a trailing comma", `{"max_tokens":5,}`],
    ["with a cap that is no JSON", `{"max_tokens":+5}`],
    ["with a cap that is no JSON", `{"max_tokens":05}`],
    ["with a cap that is no JSON", `{"max_tokens":NaN}`],
    ["with two byte order marks", `\ufeff\ufeff{"max_tokens":5}`],
    ["in UTF-16", [...`{"max_tokens":5}`].join("\x00")],
  ])("is not a JSON object: %s", (_what, body) => {
    expect(caps.read("chat", body)).toMatchObject({ isJson: false, canWrite: false, stated: -1, places: [] });
    expect(caps.copied(body, 1)).toBe(body);
    expect(caps.writeInPlace(body, 1)).toBe(body);
  });

  it("is not a JSON object if a byte order mark is incomplete", () => {
    for (const start of [[0xef], [0xef, 0xbb], [0xef, 0xbb, 0x7b]]) {
      const body = new Uint8Array([...start, ...new Uint8Array(bytesOf(`{"max_tokens":5}`))]).buffer;
      expect(caps.read("chat", body)).toMatchObject({ isJson: false });
      expect(caps.read("chat", body, [1])).toMatchObject({ isJson: false });
    }
  });

  it("has more places than an honest client makes", () => {
    const repeated = (times: number): string => `{${Array(times).fill(`"max_tokens":50`).join()}}`;
    expect(caps.read("chat", repeated(16))).toMatchObject({ canWrite: true, stated: 50 });
    expect(caps.copied(repeated(16), 3)).toBe(repeated(16).replaceAll("50", " 3"));
    for (const times of [17, 18, 1000]) {
      expect(caps.read("chat", repeated(times))).toMatchObject({ isJson: true, canWrite: false, stated: -1 });
      expect(caps.copied(repeated(times), 3)).toBe(repeated(times));
      expect(caps.writeInPlace(repeated(times), 3)).toBe(repeated(times));
    }
  });

  it.each<[ApiName, string]>([
    ["chat", `{"max_tokens":5,"max_tokens":[1]}`],
    ["chat", `{"max_tokens":5,"max_tokens":{"a":1}}`],
    ["ollama", `{"options":{"num_predict":5},"options":[]}`],
  ])("has a container in place of a number: %s %s", (api, body) => {
    expect(caps.read(api, body)).toMatchObject({ isJson: true, canWrite: false, stated: -1 });
    expect(caps.copied(body, 1)).toBe(body);
  });

  it("is not the one that was read", () => {
    caps.read("chat", `{"max_tokens":50}`);
    expect(caps.copied(`{"max_tokens":500}`, 1)).toBe(`{"max_tokens":500}`);
    expect(caps.writeInPlace(`{"max_tokens":5}`, 1)).toBe(`{"max_tokens":5}`);
  });

  it("leaves nothing behind for the next one", () => {
    expect(caps.isJsonWhenEmptyAfter(`[{"max_tokens":5}`)).toBe(false);
    caps.read("chat", `{"max_tokens":50,"n":7,"model":"o1","thinking":{"budget_tokens":9}} {"a":1}`);
    expect(caps.read("chat", "")).toMatchObject({
      isJson: false,
      multiplier: 1,
      thinking: -1,
    });
    caps.read("ollama", `{"model":"o1","prompt":[1,{"options":{"thinking":[`);
    expect(caps.read("chat", "{}")).toMatchObject({ isJson: true, stated: -1, multiplier: 1 });
    expect(caps.copied("{}", 1)).toBe(`{"max_tokens":1}`);
  });
});

describe("the number of outputs", () => {
  // prettier-ignore
  it.each<[string, number]>([
    [`{}`, 1],
    [`{"n":3}`, 3],
    [`{"n":2,"best_of":5}`, 5],
    [`{"n":2,"n":1}`, 2],
    [`{"n":null,"n":0,"n":-4}`, 1],
    [`{"n":"4"}`, 4],
    [`{"n":1.0}`, 1],
    [`{"n":2.5}`, 3],
    [`{"n":1e2}`, 100],
    [`{"generationConfig":{"candidateCount":4}}`, 4],
    [`{"generation_config":{"candidate_count":4}}`, 4],
    [`{"parameters":{"n":4}}`, 4],
    [`{"n":1,"extra_body":{"n":4}}`, 4],
    [`{"prompt":"a"}`, 1],
    [`{"prompt":["a","b","c"],"n":2}`, 6],
    [`{"n":2,"best_of":3,"prompt":["a","b"]}`, 6],
    [`{"prompt":[1,2,3]}`, 1],
    [`{"prompt":[[1,2],[3],[4]]}`, 3],
    [`{"prompt":["a",[1,2],{"x":["y"]},null,true]}`, 5],
    [`{"prompt":[]}`, 1],
    [`{"prompt":["a","b"],"prompt":"c"}`, 2],
    [`{"prompt":["a","b"],"prompt_embeds":["c"]}`, 3],
    [`{"prompt_embeds":["a","b"]}`, 2],
    [`{"prompt":[1,"}",[{"]":"n"}],2],"n":7}`, 7],
  ])("of %s is %i", (body, outputs) => {
    expect(caps.read("completions", body).multiplier).toBe(outputs);
  });

  it("saturates, also if it cannot be read", () => {
    for (const n of [`"many"`, `""`, `" 5"`, `"${"9".repeat(99)}"`, "9".repeat(99), `1e${"9".repeat(80)}`]) {
      expect(caps.read("chat", `{"n":${n},"prompt":["a","b"]}`).multiplier).toBe(Number(2n ** 63n - 1n));
    }
    expect(caps.read("chat", `{"n":99999999999999999999,"prompt":["a","b"]}`).multiplier).toBe(2 ** 41);
  });
});

describe("a budget for reasoning", () => {
  const anthropic = (budget: string, cap = 9000): string =>
    `{"max_tokens":${cap},"thinking":{"type":"enabled","budget_tokens":${budget}}}`;

  it("stays below the cap, and not below the least that Anthropic takes", () => {
    expect(caps.read("messages", anthropic("4096"))).toMatchObject({
      stated: 9000,
      thinking: 4096,
      least: 1025,
    });
    expect(caps.copied(anthropic("4096"), 5000)).toBe(anthropic("4096", 5000));
    expect(caps.copied(anthropic("4096"), 4097)).toBe(anthropic("4096", 4097));
    expect(caps.copied(anthropic("4096"), 4096)).toBe(anthropic("4095", 4096));
    expect(caps.copied(anthropic("4096"), 1025)).toBe(anthropic("1024", 1025));
  });

  it("may be larger than the cap if that is not lowered", () => {
    caps.read("messages", anthropic("4096", 2000));
    expect(caps.copied(anthropic("4096", 2000), 5000)).toBe(anthropic("4096", 2000));
  });

  // prettier-ignore
  it.each<[ApiName, string, number, number, string]>([
    ["gemini", `{"generationConfig":{"maxOutputTokens":9000,"thinkingConfig":{"thinkingBudget":2048}}}`, 2048, 1, `{"generationConfig":{"maxOutputTokens": 100,"thinkingConfig":{"thinkingBudget":  99}}}`],
    ["gemini", `{"generationConfig":{"maxOutputTokens":9000,"thinkingConfig":{"thinkingBudget":-1}}}`, -1, 1, `{"generationConfig":{"maxOutputTokens": 100,"thinkingConfig":{"thinkingBudget":-1}}}`],
    ["cohere", `{"max_tokens":9000,"thinking":{"type":"enabled","token_budget":2048}}`, 2048, 1, `{"max_tokens": 100,"thinking":{"type":"enabled","token_budget":  99}}`],
    ["chat", `{"max_tokens":9000,"reasoning":{"max_tokens":2048}}`, 2048, 1, `{"max_tokens": 100,"reasoning":{"max_tokens":  99}}`],
    ["converse", `{"inferenceConfig":{"maxTokens":9000},"additionalModelRequestFields":{"thinking":{"budget_tokens":2048}}}`, 2048, 1025, `{"inferenceConfig":{"maxTokens": 100},"additionalModelRequestFields":{"thinking":{"budget_tokens":  99}}}`],
    ["messages", `{"max_tokens":9000,"thinking":{"budget_tokens":"2048"}}`, 0, 1025, `{"max_tokens": 100,"thinking":{"budget_tokens":    99}}`],
    ["messages", `{"max_tokens":9000,"thinking":{"type":"adaptive"}}`, -1, 1, `{"max_tokens": 100,"thinking":{"type":"adaptive"}}`],
    ["messages", `{"max_tokens":9000,"thinking":{"budget_tokens":null}}`, -1, 1, `{"max_tokens": 100,"thinking":{"budget_tokens":null}}`],
    ["messages", `{"max_tokens":9000,"thinking":null}`, -1, 1, `{"max_tokens": 100,"thinking":null}`],
    ["messages", `{"max_tokens":9000,"thinking":[{"budget_tokens":2048}]}`, -1, 1, `{"max_tokens": 100,"thinking":[{"budget_tokens":2048}]}`],
  ])("is lowered with the cap of %s: %s", (api, body, thinking, least, clamped) => {
    expect(caps.read(api, body)).toMatchObject({ isJson: true, stated: 9000, thinking, least });
    expect(caps.copied(body, 100)).toBe(clamped);
  });

  it("counts beside the cap in Qwen's APIs, which then share what is granted", () => {
    const body = (cap: string, budget: string): string =>
      `{"parameters":{"max_tokens":${cap},"thinking_budget":${budget}}}`;
    expect(caps.read("dashscope", body("1000", "4000"))).toMatchObject({ stated: 5000, thinking: -1 });
    expect(caps.copied(body("1000", "4000"), 5000)).toBe(body("1000", "4000"));
    expect(caps.copied(body("1000", "4000"), 4999)).toBe(body("1000", "3999"));
    expect(caps.copied(body("1000", "4000"), 1000)).toBe(body(" 500", " 500"));
    expect(caps.read("dashscope", body("4000", "10"))).toMatchObject({ stated: 4010 });
    expect(caps.copied(body("4000", "10"), 1001)).toBe(body(" 991", "10"));
    expect(caps.read("dashscope", body("1000", `"4000"`))).toMatchObject({ stated: -1 });
    expect(caps.copied(body("1000", `"4000"`), 1000)).toBe(body(" 500", `   500`));
    expect(caps.read("chat", `{"max_tokens":10,"thinking_budget":5}`).stated).toBe(15);
    expect(caps.read("chat", `{"max_tokens":9223372036854775807,"thinking_budget":5}`).stated).toBe(2 ** 63);
  });
});

it("knows the least cap of OpenAI's responses", () => {
  expect(caps.read("responses", `{"max_output_tokens":50}`)).toMatchObject({ least: 16 });
});

describe("the length of a body", () => {
  it("stays as it is if the cap fits", () => {
    const body = `{"options":{"num_predict":-1},"max_tokens":1e9}`;
    caps.read("ollama", body);
    expect([9, 99, 100, 999, 1000].map((cap) => caps.growth(cap))).toEqual([0, 0, 1, 1, 3]);
    expect(caps.writeInPlace(body, 100)).toBe(body);
    expect(caps.writeInPlace(body, 99)).toBe(`{"options":{"num_predict":99},"max_tokens": 99}`);
    expect(caps.copied(body, 1000)).toBe(`{"options":{"num_predict":1000},"max_tokens":1000}`);
  });

  it("does not change for a cap that makes no sense", () => {
    caps.read("chat", `{"max_tokens":5}`);
    expect(caps.copied(`{"max_tokens":5}`, -1)).toBe(`{"max_tokens":5}`);
    expect(caps.copied(`{"max_tokens":5}`, 0)).toBe(`{"max_tokens":0}`);
  });
});
