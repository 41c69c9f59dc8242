import { useEffect, useRef, useState } from "preact/hooks";
import { ask, type Answer, Unreachable } from "../../api/ask";
import { useApp } from "../../app-context";
import { ConfirmEmailDocument, ResetPasswordDocument } from "../../documents";
import { Link } from "../../parts/Link";
import { Title } from "../../parts/Title";
import type { Word } from "../../words";

type Kind = "RESET_PASSWORD" | "SIGN_UP" | "CONFIRM_EMAIL";
/** Of a link that was sent: it stands behind the #, so that no server reads it. */
type Given = { kind: Kind; token: string };

const WORDS: Record<Kind, { title: Word; words: Word; action: Word; done: Word }> = {
    RESET_PASSWORD: { title: "resetTitle", words: "resetWords", action: "resetAction", done: "resetDone" },
    SIGN_UP: { title: "signUpTitle", words: "signUpWords", action: "signUpAction", done: "signUpDone" },
    CONFIRM_EMAIL: { title: "confirmTitle", words: "confirmWords", action: "confirmAction", done: "confirmDone" },
};

/** What somebody does who follows a link in mail: nobody has to be signed in. */
export function AccountView() {
    const { say } = useApp().speech;
    const [given, setGiven] = useState(() => givenIn(location.hash));
    useEffect(() => {
        // A second link in the same tab. What is behind the # otherwise leads to a part of the page.
        const follow = () => setGiven((known) => givenIn(location.hash) ?? known);
        addEventListener("hashchange", follow);
        return () => removeEventListener("hashchange", follow);
    }, []);
    if (!given)
        return (
            <section class="sign-in panel">
                <Title title={say("noLink")} words={say("noLinkWords")} />
            </section>
        );
    return <Answering key={given.token} given={given} />;
}

function Answering({ given: { kind, token } }: { given: Given }) {
    const { say } = useApp().speech;
    const [complaint, setComplaint] = useState<string | null>(null);
    const [isBusy, setBusy] = useState(false);
    const [user, setUser] = useState<string | null>(null);
    const told = useRef<HTMLParagraphElement>(null);
    const { title, words, action, done } = WORDS[kind];

    useEffect(() => {
        // Who does not see that the form is gone hears what was done.
        if (user !== null) told.current?.focus();
    }, [user]);

    async function submit(event: SubmitEvent): Promise<void> {
        event.preventDefault();
        const password = new FormData(event.currentTarget as HTMLFormElement).get("password");
        setBusy(true);
        setComplaint(null);
        try {
            const answered = await answer(kind, token, password === null ? null : String(password));
            if (answered.username === undefined) setComplaint(answered.refusal);
            else {
                // The link is good for nothing any more: it need not stand in the history.
                history.replaceState(null, "", location.pathname);
                setUser(answered.username);
            }
        } catch (error) {
            if (!(error instanceof Unreachable)) throw error;
            setComplaint(say("unreachable"));
        }
        setBusy(false);
    }
    return (
        <section class="sign-in panel">
            <Title title={say(title)} words={user === null ? say(words) : ""} />
            {user === null ? (
                <form onSubmit={(event) => void submit(event)}>
                    {kind !== "CONFIRM_EMAIL" && <Password isNew={kind === "RESET_PASSWORD"} />}
                    <p role="alert" class="complaint">
                        {complaint}
                    </p>
                    <button type="submit" class="primary" disabled={isBusy}>
                        {say(action)}
                    </button>
                </form>
            ) : (
                <>
                    <p ref={told} tabIndex={-1}>
                        {say(done, { name: user })}
                    </p>
                    <Link to={{ kind: "home", name: "" }} look="primary">
                        {say("signIn")}
                    </Link>
                </>
            )}
        </section>
    );
}

function Password({ isNew }: { isNew: boolean }) {
    const { say } = useApp().speech;
    return (
        <label>
            <span>{say(isNew ? "newPassword" : "password")}</span>
            <input
                name="password"
                type="password"
                autocomplete={isNew ? "new-password" : "current-password"}
                minLength={isNew ? 8 : undefined}
                maxLength={256}
                required
            />
        </label>
    );
}

type Answered = { username: string } | { username?: undefined; refusal: string };

async function answer(kind: Kind, token: string, password: string | null): Promise<Answered> {
    if (kind === "RESET_PASSWORD") {
        const answered = await ask(ResetPasswordDocument, { token, password: password ?? "" });
        return told(answered, answered.data?.resetPassword?.user.username);
    }
    const answered = await ask(ConfirmEmailDocument, { token, password });
    return told(answered, answered.data?.confirmEmail?.user.username);
}

function told(answered: Answer<unknown>, username: string | undefined): Answered {
    return username === undefined ? { refusal: answered.errors[0]?.message ?? "" } : { username };
}

function givenIn(hash: string): Given | null {
    const given = new URLSearchParams(hash.slice(1));
    const [kind, token] = [given.get("kind"), given.get("token")];
    return kind !== null && kind in WORDS && token ? { kind: kind as Kind, token } : null;
}
