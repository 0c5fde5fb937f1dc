// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The clipboard that the clients of one machine share: the text that one of them has announced last. It is fetched only
 * when another wants it, and kept from then on; the guest has no part in it.
 */
final class ClipboardExchange {
    /** A client's side. Called with the exchange locked: only notes what is to be sent. */
    interface Member {
        /** Others have text for it, or have none any more. */
        void offer(boolean available);

        /** Its text is wanted. */
        void fetch();

        /** The text it wanted. */
        void give(String text);

        /** Does it have to be given text unasked, since it cannot ask? */
        boolean takesUnasked();
    }

    private final Set<Member> members = new LinkedHashSet<>();
    private final Set<Member> waiting = new LinkedHashSet<>();
    private @Nullable Member owner;
    private @Nullable String text;

    synchronized void join(Member member) {
        members.add(member);
    }

    synchronized void leave(Member member) {
        members.remove(member);
        waiting.remove(member);
        if (owner == member) {
            owner = null;
            if (text == null) {
                nothingThere();
            }
        }
    }

    private void nothingThere() {
        text = null;
        waiting.clear();
        members.forEach(member -> {
            if (!member.takesUnasked()) {
                member.offer(false);
            }
        });
    }

    /** The member has text, or has none any more. */
    synchronized void announce(Member member, boolean available) {
        if (available) {
            own(member);
            if (!waiting.isEmpty()) {
                member.fetch();
            }
        } else if (owner == member) {
            owner = null;
            nothingThere();
        }
    }

    private void own(Member member) {
        owner = member;
        text = null;
        waiting.clear();
        for (Member other : members) {
            if (other != member) {
                if (other.takesUnasked()) {
                    waiting.add(other);
                } else {
                    other.offer(true);
                }
            }
        }
    }

    /** The member's text: because it was fetched, or unasked. */
    synchronized void put(Member member, String newText) {
        if (owner != member || text != null) {
            own(member);
        }
        text = newText;
        waiting.forEach(other -> other.give(newText));
        waiting.clear();
    }

    /** The member wants the text; it gets it at once, later, or not at all. */
    synchronized void want(Member member) {
        if (text != null && owner != member) {
            member.give(text);
        } else if (owner != null && owner != member) {
            waiting.add(member);
            owner.fetch();
        } else {
            member.offer(false);
        }
    }

    /** The member has become one that can be told of text. */
    synchronized void welcome(Member member) {
        if (availableTo(member)) {
            member.offer(true);
        }
    }

    private boolean availableTo(Member member) {
        return owner != member && (owner != null || text != null);
    }

    /** The member asks whether there is text for it. */
    synchronized void peek(Member member) {
        member.offer(availableTo(member));
    }
}
