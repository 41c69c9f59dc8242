/** Colours of the style sheet, as a canvas takes them: with light or dark already chosen. */
export function coloursOf(element: Element, ...names: string[]): string[] {
    const probe = document.createElement("i");
    element.append(probe);
    const found = names.map((name) => {
        probe.style.color = `var(--${name})`;
        return getComputedStyle(probe).color;
    });
    probe.remove();
    return found;
}
