/** The page's ways of asking the server. Neither throws: a network failure is an answer like any other. */

const UNREACHABLE = {
  ok: false,
  error: "unreachable",
  message: "The server can't be reached. Trying again…",
};

async function ask(path, options) {
  try {
    const response = await fetch(path, { cache: "no-store", ...options });
    return await response.json();
  } catch {
    // Refused, cut off, or not JSON: for the person in front of the page these are one thing.
    return UNREACHABLE;
  }
}

/** The whole state as one user sees it; without a user, as the first person does. */
export function loadState(user) {
  return ask(`/ui/state${user ? `?user=${encodeURIComponent(user)}` : ""}`);
}

/** Which of the town's APIs go wrong, and how. */
export function loadFaults() {
  return ask("/ui/faults");
}

/** Upload a file that a person has chosen. The answer is as that of `post`, with `file` {id, name}. */
export function upload(user, file) {
  const query = new URLSearchParams({ user, name: file.name });
  return ask(`/ui/file?${query}`, { method: "POST", body: file });
}

/** POST JSON. The answer always has `ok`, and when that is false, `error` and usually `message`. */
export function post(path, body) {
  return ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}
