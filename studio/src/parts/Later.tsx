import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useAnswer } from "../api/useAnswer";
import { useSpeech } from "../app-context";
import type { TypedDocumentString } from "../documents";
import { problemOf } from "./Problem";

type Props<Data, Part> = {
    document: TypedDocumentString<Data, { url: string }>;
    url: string;
    /** Each other value asks again. */
    renewedBy: unknown;
    partOf: (data: Data) => Part | null | undefined;
    children: (part: Part) => ComponentChildren;
};

/** A panel with an operation of its own. It is asked for when the panel comes into sight. */
export function Later<Data, Part>(props: Props<Data, Part>) {
    const place = useRef<HTMLDivElement>(null);
    const [isSeen, setSeen] = useState(false);
    useEffect(() => {
        const observer = new IntersectionObserver((entries) => {
            if (entries.some(({ isIntersecting }) => isIntersecting)) setSeen(true);
        });
        if (place.current) observer.observe(place.current);
        return () => observer.disconnect();
    }, []);
    return (
        <div class="later wide" ref={place}>
            {isSeen ? <Asked {...props} /> : <div class="bone" />}
        </div>
    );
}

function Asked<Data, Part>({ document, url, renewedBy, partOf, children }: Props<Data, Part>) {
    const { say } = useSpeech();
    const { answer, isUnreachable, again } = useAnswer(document, { url });
    const last = useRef(renewedBy);
    useEffect(() => {
        if (last.current !== renewedBy) again();
        last.current = renewedBy;
    }, [renewedBy]);
    const part = answer?.data && partOf(answer.data);
    if (part) return <>{children(part)}</>;
    const problem = answer && problemOf(answer.errors);
    if (problem?.kind === "forbidden") return null;
    if (!answer && !isUnreachable) {
        return (
            <div class="bone" role="status">
                <span class="unseen">{say("loading")}</span>
            </div>
        );
    }
    return (
        <section class="panel more">
            <p role="alert" class="complaint">
                {problem?.message ?? say(answer ? "failed" : "unreachable")}
            </p>
            <button type="button" onClick={again}>
                {say("tryAgain")}
            </button>
        </section>
    );
}
