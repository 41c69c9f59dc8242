import type { Place } from "../address";
import { useApp } from "../app-context";

/** Goes to somebody else's publication or profile. What is not public there stays hidden. */
export function Opener({ kind, label }: { kind: Place["kind"]; label: string }) {
    const { speech, go } = useApp();
    function open(event: SubmitEvent): void {
        event.preventDefault();
        const name = String(new FormData(event.currentTarget as HTMLFormElement).get("name")).trim();
        if (name) go({ kind, name });
    }
    return (
        <form class="opener" onSubmit={open}>
            <label class="choice">
                <span>{label}</span>
                <input name="name" required autocomplete="off" autocapitalize="none" spellcheck={false} />
            </label>
            <button type="submit">{speech.say("open")}</button>
        </form>
    );
}
