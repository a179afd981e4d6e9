// Keeps the page itself for the dead spots of a stairwell. Taps are kept by round.js, not here.
const CACHE = "linli-round-1";
const KEPT = new Set(["/round", "/round/round.js", "/round/round.css"]);
const PATIENCE = 4000; // a phone at the edge of its network hangs rather than fails

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(keepAll()); // the page that brought this worker came before it
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { pathname, origin, search } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== self.location.origin || !KEPT.has(pathname) || search) return;
  event.respondWith(freshOrKept(event.request, pathname));
});

async function keepAll() {
  const cache = await caches.open(CACHE);
  await Promise.all([...KEPT].map(async (pathname) => {
    const answer = await fetch(pathname).catch(() => null);
    if (answer && answer.ok && !answer.redirected) await cache.put(pathname, answer);
  }));
}

async function freshOrKept(request, pathname) {
  const cache = await caches.open(CACHE);
  const fresh = fetch(request).then(async (answer) => {
    if (answer.ok && !answer.redirected) await cache.put(pathname, answer.clone());
    // sent to the login: what this person saw is not the next one's business
    if (answer.type === "opaqueredirect" || answer.status === 401) await caches.delete(CACHE);
    return answer;
  });
  fresh.catch(() => {}); // nobody may be waiting for it any more
  const patience = new Promise((_, give_up) => setTimeout(give_up, PATIENCE));
  try {
    const answer = await Promise.race([fresh, patience]);
    if (answer.status < 500) return answer;
    return (await cache.match(pathname)) || answer;
  } catch {
    return (await cache.match(pathname)) || fresh;
  }
}
