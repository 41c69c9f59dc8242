import { useEffect, useMemo, useState } from "preact/hooks";
import { type Demo, type Session, signIn } from "./api/session";
import { useOrganizations } from "./api/useOrganizations";
import { Unreachable } from "./api/ask";
import { type App, AppContext } from "./app-context";
import { recall, remember } from "./kept";
import { Shell } from "./parts/Shell";
import { useAddress } from "./useAddress";
import { AccountView } from "./views/account/AccountView";
import { SignIn } from "./views/SignIn";
import { View } from "./views/View";
import { type Language, speechOf, usualLanguage } from "./words";

type Props = { demo: Demo | null; hasEditor: boolean };

export function Studio({ demo, hasEditor }: Props) {
    const [language, setLanguage] = useState<Language>(recall("language") ?? usualLanguage());
    const speech = useMemo(() => speechOf(language), [language]);
    const [session, setSession] = useState<Session | null>(null);
    const [hasEnded, setEnded] = useState(false);
    // Whoever looks at the demo sees figures at once, as its owner.
    const [isBeginning, setBeginning] = useState(Boolean(demo));
    const [isAnonymous, setAnonymous] = useState(false);
    const organizations = useOrganizations(session);
    const address = useAddress();

    useEffect(() => {
        document.documentElement.lang = speech.language;
    }, [speech]);
    useEffect(() => {
        const first = demo?.accounts[0];
        if (first) void enter(first.email, demo.password).finally(() => setBeginning(false));
    }, []);

    async function enter(email: string, password: string): Promise<string | null> {
        try {
            const entered = await signIn(email, password);
            if (typeof entered === "string") return entered;
            setSession(entered);
            setEnded(false);
            return null;
        } catch (error) {
            if (error instanceof Unreachable) return speech.say("unreachable");
            throw error;
        }
    }
    const app: App = {
        ...address,
        speech,
        setLanguage: (chosen) => {
            remember("language", chosen);
            setLanguage(chosen);
        },
        session,
        organizations,
        signIn: enter,
        signOut: () => {
            setSession(null);
            setAnonymous(false);
        },
        endSession: () => {
            setSession(null);
            setEnded(true);
        },
        demo,
        hasEditor,
    };
    const isShown = session || isAnonymous;
    return (
        <AppContext.Provider value={app}>
            <Shell>
                {address.place.kind === "account" ? (
                    <AccountView />
                ) : isShown ? (
                    <View />
                ) : (
                    !isBeginning && <SignIn hasEnded={hasEnded} lookWithout={() => setAnonymous(true)} />
                )}
            </Shell>
        </AppContext.Provider>
    );
}
