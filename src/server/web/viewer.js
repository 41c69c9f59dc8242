// Viewgraph: what happens to 3D models. No cookies, no storage. docs/embedding.md
if (!(window.viewgraph || {}).view3d) try {
  const script = document.currentScript || document.querySelector("[src*='/viewer.js']");
  const { asset: usual, domain, endpoint } = script.dataset;
  const url = new URL("collect", new URL(endpoint || script.src, location));
  // iPads say that they are Macs.
  const deviceCategory =
    /Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1 ? "TABLET" : undefined;

  // Not answered by the server yet. An id counts once, however often it is sent.
  const queue = [];
  let timer, busy, pause, beaconed;

  const request = (events, keepalive) =>
    fetch(url, { method: "POST", body: JSON.stringify(events), credentials: "omit", keepalive });

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
    if (!navigator.sendBeacon(url, JSON.stringify(queue))) request(queue, true).catch(() => {});
  };

  const uuid7 = () =>
    Date.now().toString(16).padStart(12, "0").replace(/....$/, "-$&-7") +
    "xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, () =>
      (crypto.getRandomValues(new Uint8Array(1))[0] & 15).toString(16));

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
    if (!asset || queue.length > 199) return;
    queue.push({ id: uuid7(), subject: { assetId: asset }, action, viewId: id, domain, deviceCategory });
    plan();
  };

  const show = (element) => {
    const view = viewIn(element);
    if (view.shown || element.modelIsVisible === false) return;
    view.shown = true;
    record(view, "VIEW_3D");
  };

  const safely = (act) => (given) => {
    try {
      act(given);
    } catch {}
  };

  // Events of <model-viewer> do not bubble: they are caught on their way down.
  const on = (type, act) =>
    document.addEventListener(type, safely((event) => {
      const element = event.composedPath().find((node) => node.localName === "model-viewer");
      if (element) act(element, event);
    }), true);

  on("load", show);
  on("model-visibility", show);
  for (const element of document.querySelectorAll("model-viewer")) element.modelIsVisible && show(element);

  // A gesture ends with a second without changes.
  on("camera-change", (element, { detail, timeStamp }) => {
    const view = viewIn(element);
    if (detail.source !== "user-interaction") return;
    if (!(timeStamp - view.moved < 1000)) record(view, "INTERACTION");
    view.moved = timeStamp;
  });

  // Only WebXR tells of its sessions: the button counts, and a session without it.
  on("click", (element, event) => {
    const view = viewIn(element);
    if (event.detail > 1 || !event.composedPath().some((node) => /^slot ar-button/.test(node.className))) return;
    view.clicked = true;
    record(view, "AR_CLICK");
  });
  on("ar-status", (element, { detail }) => {
    const view = viewIn(element);
    if (detail.status !== "session-started") return;
    if (!view.clicked) record(view, "AR_CLICK");
    view.clicked = false;
  });

  addEventListener("pagehide", safely(leave));
  document.addEventListener("visibilitychange", safely(() => document.hidden && leave()));

  const byHand = (action, begins) =>
    safely((given) => {
      const asset = typeof given === "string" ? given : usual;
      record((!begins && latest[asset]) || begin(asset), action);
    });
  window.viewgraph = {
    view3d: byHand("VIEW_3D", true),
    arClick: byHand("AR_CLICK"),
    arScan: byHand("AR_SCAN"),
    interaction: byHand("INTERACTION"),
  };
} catch {}
