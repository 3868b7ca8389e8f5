// A text as a chat model writes it: prose with paragraphs, a list, a table, a piece of code and quotation marks, so that
// a scanner meets escapes about as often as in real answers.

const PARAGRAPHS = [
  'A rate limiter answers one question: may this request go on? It has to answer quickly, because every request asks. "Quickly" means here that nobody should be able to measure the difference.\n\n',
  "There are two common ways to count. A **fixed window** keeps one number for each period and forgets it when the period ends; a **sliding window** remembers when each request came, and so needs more memory.\n\n",
  "Consider a team that may use 100,000 tokens a minute:\n\n1. The first request asks for a summary of a long document, about 40,000 tokens.\n2. The second one translates it, which takes another 55,000.\n3. The third must wait, even though it is short.\n\n",
  "| window | memory per caller | error at the border |\n|---|---|---|\n| fixed | one number | up to twice the limit |\n| sliding | one entry per request | none |\n\n",
  'Here is how it looks in Python:\n\n```python\ndef allowed(counter: int, limit: int) -> bool:\n    """Whether the next request may pass."""\n    return counter <= limit\n```\n\n',
  "The number of tokens is known only when the answer is complete. That is why the counter is read before the model is called and written after it has answered; whoever is above the limit at that moment was still let through, and pays for it in the next minute.\n\n",
  "Some people find that unfair; I would call it a fair price for not having to guess. Guessing means reserving the largest possible answer for everybody, and most answers are short.\n\n",
  "If you would like, I can show how to combine both: a small bucket per second, which smooths bursts, and a large one per day, which keeps the bill in check. Would that help?\n\n",
];

/** `size` characters of it, the paragraphs in a fixed pseudo-random order. */
export function modelText(size: number): string {
  let text = "";
  let seed = 1;
  while (text.length < size) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    text += PARAGRAPHS[(seed >>> 16) % PARAGRAPHS.length]!;
  }
  return text.slice(0, size);
}

const CHINESE =
  "限流器只回答一个问题：这个请求能不能继续？它必须回答得很快，因为每个请求都要问一次。固定窗口为每个周期保存一个数字，周期结束时清零；滑动窗口记录每个请求的时间，因此需要更多内存。如果愿意，我可以演示如何把两者结合起来。\n\n";
const CODE = `export function allowed(counter: number, limit: number): boolean {
  // A counter that is equal to its limit still lets one request through.
  return Number.isFinite(counter) && counter <= limit;
}

for (const [key, { tokens, window }] of Object.entries(limits)) {
  const used = await redis.get(\`limit:\${key}:\${window}\`);
  if (!allowed(Number(used ?? 0), tokens)) throw new RateLimitError(429, key);
}
`;

const repeated = (text: string, size: number): string =>
  text.repeat(Math.ceil(size / text.length)).slice(0, size);

/** `size` characters of Chinese prose. */
export const chineseText = (size: number): string => repeated(CHINESE, size);

/** `size` characters of TypeScript. */
export const codeText = (size: number): string => repeated(CODE, size);
