import { useState } from "preact/hooks";
import { useSpeech } from "../app-context";

/** A button that copies a text. */
export function Copy({ text, label }: { text: string; label?: string }) {
    const { say } = useSpeech();
    const [copied, setCopied] = useState("");
    async function copy(): Promise<void> {
        await navigator.clipboard.writeText(text);
        setCopied(text);
    }
    return (
        <button type="button" onClick={copy} aria-label={label}>
            <span role="status">{say(copied === text ? "copied" : "copy")}</span>
        </button>
    );
}
