import { useState } from "preact/hooks";
import { useApp } from "../app-context";

export function SignIn({ hasEnded, lookWithout }: { hasEnded: boolean; lookWithout: () => void }) {
    const { speech, signIn, demo, place } = useApp();
    const { say } = speech;
    const [complaint, setComplaint] = useState<string | null>(null);
    const [isBusy, setBusy] = useState(false);

    async function enter(email: string, password: string): Promise<void> {
        setBusy(true);
        setComplaint(null);
        const refused = await signIn(email, password);
        // After a sign-in this is no longer on the page.
        if (refused === null) return;
        setComplaint(refused);
        setBusy(false);
    }
    function submit(event: SubmitEvent): void {
        event.preventDefault();
        const given = new FormData(event.currentTarget as HTMLFormElement);
        void enter(String(given.get("email")), String(given.get("password")));
    }
    return (
        <section class="sign-in panel">
            <h1>{say("signInTitle")}</h1>
            <p>{say(hasEnded ? "signInEnded" : "signInWords")}</p>
            <form onSubmit={submit}>
                <label>
                    <span>{say("email")}</span>
                    <input name="email" type="email" autocomplete="username" required />
                </label>
                <label>
                    <span>{say("password")}</span>
                    <input name="password" type="password" autocomplete="current-password" required />
                </label>
                <p role="alert" class="complaint">
                    {complaint}
                </p>
                <button type="submit" class="primary" disabled={isBusy}>
                    {say("signIn")}
                </button>
            </form>
            {demo && (
                <div class="demo">
                    <h2>{say("demoSignIns")}</h2>
                    {demo.accounts.map(({ name, email, words }) => (
                        <button key={email} type="button" disabled={isBusy} onClick={() => enter(email, demo.password)}>
                            <b>{name}</b> {words.replaceAll("`", "")}
                        </button>
                    ))}
                </div>
            )}
            {place.kind !== "home" && (
                <button type="button" class="link" onClick={lookWithout}>
                    {say("lookWithout")}
                </button>
            )}
            <p class="faint">{say("reloadWords")}</p>
        </section>
    );
}
