// Viewgraph: reports what happens to 3D models. See docs/how-to/embedding.md. `make snippet` makes src/server/web/viewer.js.
if (!(window.viewgraph || {}).view3d) try {
  const script = document.currentScript || document.querySelector("[src*='/viewer.js']");
  const { asset: usual, domain, endpoint, collect, respectSignals } = script.dataset;
  const url = new URL(collect || "collect", new URL(endpoint || script.src, location));
  // iPads call themselves Macs.
  const deviceCategory =
    /Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1 ? "TABLET" : undefined;

  const safely = (act) => (given) => {
    try {
      act(given);
    } catch {}
  };

  // Events that the server has not answered yet. An id counts once, however often it is sent.
  const queue = [];
  let timer, busy, pause, beaconed;

  // The server compares this time with its own, and so learns how wrong this clock is.
  const body = (events) => {
    const sentAt = new Date();
    return JSON.stringify(events.map((event) => ({ ...event, sentAt })));
  };
  const request = (events, keepalive) =>
    fetch(url, { method: "POST", body: body(events), credentials: "omit", keepalive });

  const plan = () => {
    const wait = pause || (queue.length < 20 ? 2000 : 0);
    if (busy || !queue.length || (timer && wait)) return;
    clearTimeout(timer);
    timer = setTimeout(send, wait);
  };

  const send = async () => {
    busy = true;
    timer = 0;
    const batch = queue.slice(0, 20);
    let failed = true;
    let asked = 0;
    try {
      const response = await request(batch);
      failed = response.status > 499 || response.status === 429;
      asked = response.headers.get("retry-after") * 1000 || 0;
      await response.text();
    } catch {}
    busy = false;
    if (!failed) queue.splice(0, batch.length);
    pause = failed && Math.min(Math.max(asked, pause * 2 || 500 + Math.random() * 1000), 6e5);
    plan();
  };

  // The queue stays: the page may come back.
  const leave = () => {
    const newest = queue[queue.length - 1];
    if (!newest || newest === beaconed) return;
    beaconed = newest;
    if (!navigator.sendBeacon(url, body(queue))) request(queue, true).catch(() => {});
  };

  const uuid7 = () =>
    Date.now().toString(16).padStart(12, "0").replace(/....$/, "-$&-7") +
    "xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, () =>
      (crypto.getRandomValues(new Uint8Array(1))[0] & 15).toString(16));

  // Nothing else is kept in the browser. If the browser keeps nothing, the choice holds for this page.
  let chosen;
  const choose = (off) => {
    chosen = off;
    if (off) queue.length = 0;
    try {
      off ? localStorage.setItem("viewgraph", "off") : localStorage.removeItem("viewgraph");
    } catch {}
  };
  const isOut = () => {
    try {
      chosen = chosen || localStorage.getItem("viewgraph") === "off";
    } catch {}
    return (
      chosen ||
      navigator.webdriver ||
      (respectSignals != null && (navigator.globalPrivacyControl || navigator.doNotTrack === "1"))
    );
  };
  const obey = () => location.hash === "#viewgraph-off" && choose(true);
  obey();
  addEventListener("hashchange", obey);

  // A view is one look at one asset.
  const latest = {};
  const views = new WeakMap();
  const begin = (asset) => (latest[asset] = { asset, id: uuid7() });
  const viewIn = (element) => {
    const asset = element.dataset.asset || usual;
    let view = views.get(element);
    if (!view || view.asset !== asset) views.set(element, (view = begin(asset)));
    return view;
  };

  const record = ({ asset, id }, action) => {
    if (!asset || queue.length > 199 || isOut()) return;
    queue.push({ id: uuid7(), subject: { assetId: asset }, action, viewId: id, domain, deviceCategory });
    plan();
  };

  // A page that the browser renders in advance counts when it is opened.
  const opened = (act) =>
    document.prerendering ? document.addEventListener("prerenderingchange", safely(act), { once: true }) : act();

  // Seen: half of the model, or half of the window if the model is larger, for a second.
  const near = new WeakSet();
  const look = (element) => {
    const view = viewIn(element);
    const isSeen = () =>
      view.loaded && near.has(element) && element.modelIsVisible !== false && !document.hidden;
    if (view.shown || !isSeen()) {
      clearTimeout(view.timer);
      view.timer = 0;
    } else view.timer = view.timer || setTimeout(safely(() => {
      view.timer = 0;
      if (views.get(element) !== view || !isSeen()) return;
      view.shown = true;
      observer.unobserve(element);
      record(view, "VIEW_3D");
    }), 1000);
  };
  const observer = new IntersectionObserver(safely((entries) => {
    for (const { target, intersectionRatio, intersectionRect: { width, height } } of entries) {
      near[intersectionRatio >= .5 || width * height >= innerWidth * innerHeight / 2 ? "add" : "delete"](target);
      look(target);
    }
  }), { threshold: [...Array(21).keys()].map((step) => step / 20) });
  const load = (element) => {
    viewIn(element).loaded = true;
    observer.observe(element);
    look(element);
  };

  // Events of <model-viewer> do not bubble, so they are caught on their way down. Elements inside have events of their own.
  const isViewer = (node) => node.localName === "model-viewer";
  const on = (type, act, outer) =>
    document.addEventListener(type, safely((event) => {
      const element = outer ? event.composedPath().find(isViewer) : event.target;
      if (element && isViewer(element)) act(element, event);
    }), true);
  const all = (act) => document.querySelectorAll("model-viewer").forEach(act);

  on("load", load);
  on("model-visibility", look);
  all((element) => element.loaded && load(element));

  // A gesture ends with a second without changes.
  on("camera-change", (element, { detail, timeStamp }) => {
    const view = viewIn(element);
    if (detail.source !== "user-interaction") return;
    if (!(timeStamp - view.moved < 1000)) record(view, "INTERACTION");
    view.moved = timeStamp;
  });

  // Only WebXR reports its sessions. So a press of the button counts, and a session that began without it.
  on("click", (element, event) => {
    const view = viewIn(element);
    if (event.detail > 1 || !event.composedPath().includes(element.shadowRoot.querySelector(".ar-button"))) return;
    view.clicked = true;
    record(view, "AR_CLICK");
  }, true);
  on("ar-status", (element, { detail }) => {
    const view = viewIn(element);
    if (detail.status !== "session-started") return;
    if (!view.clicked) record(view, "AR_CLICK");
    view.clicked = false;
  });

  addEventListener("pagehide", safely(leave));
  document.addEventListener("visibilitychange", safely(() => {
    all(look);
    document.hidden && leave();
  }));

  const byHand = (action, begins) =>
    safely((given) => {
      const asset = typeof given === "string" ? given : usual;
      opened(() => record((!begins && latest[asset]) || begin(asset), action));
    });
  window.viewgraph = {
    view3d: byHand("VIEW_3D", true),
    arClick: byHand("AR_CLICK"),
    arScan: byHand("AR_SCAN"),
    interaction: byHand("INTERACTION"),
    optOut: () => choose(true),
    optIn: () => choose(false),
  };
} catch {}
