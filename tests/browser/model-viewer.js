// <model-viewer> as far as the snippet knows it: its documented events, none of which bubbles, its
// property `modelIsVisible`, and the parts of its shadow tree that a click goes through.
class ModelViewer extends HTMLElement {
  #loaded = false;
  #revealed = false;
  #onScreen = true;

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).innerHTML = `
      <div class="container">
        <div class="userInput show"><div class="slot canvas"><canvas></canvas></div></div>
        <div class="slot poster"><slot name="poster"></slot></div>
        <div class="slot ar-button enabled"><slot name="ar-button"><a id="default-ar-button">AR</a></slot></div>
        <div class="slot default"><slot></slot>
          <div class="slot exit-webxr-ar-button enabled"><a id="default-exit-webxr-ar-button">Exit</a></div>
        </div>
      </div>`;
  }

  connectedCallback() {
    if (this.hasAttribute("shown")) this.load();
  }

  get loaded() {
    return this.#loaded;
  }

  get modelIsVisible() {
    return this.#loaded && this.#revealed && this.#onScreen;
  }

  load() {
    const before = this.modelIsVisible;
    this.#loaded = true;
    this.#tell("load", { url: this.getAttribute("src") });
    if (this.getAttribute("reveal") !== "manual") this.#reveal();
    this.#announce(before);
  }

  dismissPoster() {
    const before = this.modelIsVisible;
    this.#reveal();
    this.#announce(before);
  }

  scroll(onScreen) {
    const before = this.modelIsVisible;
    this.#onScreen = onScreen;
    this.#announce(before);
  }

  // As a gesture of so many changes, sixteen milliseconds apart, that begins at `from`.
  turn(times, from, source = "user-interaction") {
    for (let i = 0; i < times; i++) this.#tell("camera-change", { source }, from + i * 16);
  }

  ar(status) {
    this.setAttribute("ar-status", status);
    this.#tell("ar-status", { status });
  }

  press(id) {
    this.shadowRoot.getElementById(id).click();
  }

  #reveal() {
    if (this.#revealed) return;
    this.#revealed = true;
    this.#tell("poster-dismissed");
  }

  #announce(before) {
    if (before !== this.modelIsVisible) this.#tell("model-visibility", { visible: this.modelIsVisible });
  }

  #tell(type, detail, at = performance.now()) {
    const event = new CustomEvent(type, { detail });
    Object.defineProperty(event, "timeStamp", { value: at });
    this.dispatchEvent(event);
  }
}
customElements.define("model-viewer", ModelViewer);
