import { useEffect, useRef, useState } from "preact/hooks";
import { useApp } from "../app-context";
import type { TypedDocumentString } from "../documents";
import { type Answer, Unreachable, ask } from "./ask";

export type Asked<Data> = {
    /** The answer to what is asked now, or to what was asked before while this is still asked. */
    answer: Answer<Data> | null;
    isAsking: boolean;
    isUnreachable: boolean;
    again: () => void;
};

type State<Data> = { answer: Answer<Data> | null; key: string; isAsking: boolean; isUnreachable: boolean };

/** Asks anew when the variables or the token change. An answer to other variables is never shown as if it were to these. */
export function useAnswer<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
    otherToken?: string,
): Asked<Data> {
    const { endSession, session } = useApp();
    const token = otherToken ?? session?.token;
    const key = JSON.stringify([document.__meta__?.["hash"], variables, token]);
    const [state, setState] = useState<State<Data>>({ answer: null, key, isAsking: true, isUnreachable: false });
    const [turn, setTurn] = useState(0);
    const last = useRef("");

    useEffect(() => {
        const cancel = new AbortController();
        const subject = JSON.stringify([document.__meta__?.["hash"], token]);
        const isOfAnother = last.current !== subject;
        last.current = subject;
        setState((before) => ({ ...before, answer: isOfAnother ? null : before.answer, isAsking: true }));
        ask(document, variables, { token, signal: cancel.signal })
            .then((answer) => {
                setState({ answer, key, isAsking: false, isUnreachable: false });
                if (token && answer.errors.some(({ extensions }) => extensions?.code === "UNAUTHENTICATED"))
                    endSession();
            })
            .catch((error) => {
                if (!(error instanceof Unreachable)) return;
                setState((before) => ({
                    answer: before.key === key ? before.answer : null,
                    key,
                    isAsking: false,
                    isUnreachable: true,
                }));
            });
        return () => cancel.abort();
    }, [key, turn]);

    const again = () => setTurn((before) => before + 1);
    useEffect(() => {
        addEventListener("online", again);
        return () => removeEventListener("online", again);
    }, []);
    // At once, and not only when the effect has run.
    return { ...state, isAsking: state.isAsking || state.key !== key, again };
}
