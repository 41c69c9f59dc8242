import { render } from "preact";
import type { Demo } from "./api/session";
import { Studio } from "./Studio";
import "./style.css";

const place = document.getElementById("studio");
if (place) {
    // The server writes these into the page.
    const { editor = "false", demo } = place.dataset;
    render(<Studio hasEditor={JSON.parse(editor)} demo={demo ? (JSON.parse(demo) as Demo) : null} />, place);
}
