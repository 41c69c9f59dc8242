import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Answer } from "../api/ask";
import type { Asked } from "../api/useAnswer";
import { useSpeech } from "../app-context";
import { figuresAreShown } from "../first-figures";
import { State } from "./State";

type Props<Data> = { asked: Asked<Data>; children: (answer: Answer<Data>) => ComponentChildren };

/** Shows an answer, what stands in its place until it comes, and what is wrong if none comes. */
export function Figures<Data>({ asked, children }: Props<Data>) {
    const { say } = useSpeech();
    const isOnline = useOnline();
    const { answer, isAsking, isUnreachable, again } = asked;
    const isShown = Boolean(answer);
    useEffect(() => {
        if (isShown) figuresAreShown();
    }, [isShown]);
    return (
        <div class="figures" aria-busy={isAsking}>
            {(isUnreachable || !isOnline) && answer && (
                <div class="notice warning" role="alert">
                    <strong>{say(isOnline ? "unreachable" : "offline")}</strong> {say("offlineWords")}
                    <button type="button" onClick={again}>
                        {say("tryAgain")}
                    </button>
                </div>
            )}
            {answer ? (
                children(answer)
            ) : isAsking ? (
                <Skeleton />
            ) : (
                <State
                    symbol="⚡"
                    title={say(isOnline ? "unreachable" : "offline")}
                    words={say("unreachableWords")}
                    isAlert
                >
                    <button type="button" class="primary" onClick={again}>
                        {say("tryAgain")}
                    </button>
                </State>
            )}
        </div>
    );
}

function Skeleton() {
    const { say } = useSpeech();
    return (
        <div class="skeleton" role="status">
            <span class="unseen">{say("loading")}</span>
            <div class="bone title" />
            <div class="bone large" />
            <div class="panels">
                <div class="bone" />
                <div class="bone" />
            </div>
        </div>
    );
}

function useOnline(): boolean {
    const [isOnline, setOnline] = useState(navigator.onLine);
    useEffect(() => {
        const read = () => setOnline(navigator.onLine);
        addEventListener("online", read);
        addEventListener("offline", read);
        return () => {
            removeEventListener("online", read);
            removeEventListener("offline", read);
        };
    }, []);
    return isOnline;
}
