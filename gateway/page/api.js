const TOKEN = "operator-token";

/** The token comes with the address that the gateway prints, and stays in this tab; it is not left in the address bar. */
export function takeToken() {
  const [, token] = /^#token=([\w-]+)$/.exec(location.hash) ?? [];
  if (token === undefined) return;
  sessionStorage.setItem(TOKEN, token);
  history.replaceState(null, "", location.pathname);
}

export const hasToken = () => sessionStorage.getItem(TOKEN) !== null;
export const setToken = (token) => sessionStorage.setItem(TOKEN, token.trim());

/** @throws {Error} with what the gateway says, a line for each mistake */
export async function ask(path, body = {}) {
  const token = sessionStorage.getItem(TOKEN);
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token === null ? {} : { "x-operator-token": token }) },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (response.ok) return answer;
  if (response.status === 401) sessionStorage.removeItem(TOKEN);
  throw new Error(answer.errors.join("\n"));
}
