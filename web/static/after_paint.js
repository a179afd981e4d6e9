// Loads the application when what the document shows is drawn: a hundred scripts, even if they lie in the cache, would
// keep the first frame waiting.
const LATEST_MS = 1000; // a page that nobody looks at draws nothing; one that is slow to draw needs the wait most

// where the server is: Streamlit would ask below the page's own address first, and wait for that
window.__streamlit = { BACKEND_BASE_URL: new URL("./", document.baseURI).href };

const { content } = document.getElementById("linli-then");
const load = () => document.head.append(content); // which is empty from then on

requestAnimationFrame(() => setTimeout(load)); // in the frame, and after it
setTimeout(load, LATEST_MS);
