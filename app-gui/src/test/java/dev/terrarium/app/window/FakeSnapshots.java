// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.engine.Progress;
import dev.terrarium.engine.Screenshot;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.SnapshotTree;
import dev.terrarium.engine.Snapshots;
import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;

/** Snapshots in memory, for the window alone. */
final class FakeSnapshots implements Snapshots {
    static final Instant FIRST = Instant.parse("2026-11-14T09:30:00Z");

    final List<String> calls = new CopyOnWriteArrayList<>();
    private final List<Snapshot> all = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();
    private Optional<UUID> current = Optional.empty();
    private Optional<String> refusal = Optional.empty();

    static UUID id(String name) {
        return UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8));
    }

    /** One more, that the machine then stands on. */
    synchronized FakeSnapshots add(
            String name, String parent, Snapshot.Content content, String description, Optional<Path> picture) {
        all.add(new Snapshot(
                id(name),
                name,
                description,
                FIRST.plusSeconds(all.size() * 40_000L),
                parent.isEmpty() ? Optional.empty() : Optional.of(id(parent)),
                content,
                Snapshot.Storage.OVERLAY,
                content == Snapshot.Content.RUNNING ? 812L << 20 : 0,
                (130L << 20) * (all.size() + 1),
                picture,
                "2 vCPUs, 2 GiB, 1 disk"));
        current = Optional.of(id(name));
        return this;
    }

    synchronized FakeSnapshots at(String name) {
        current = Optional.of(id(name));
        return this;
    }

    synchronized void problem(String text) {
        problems.add(text);
    }

    synchronized void refuse(String reason) {
        refusal = Optional.of(reason);
    }

    private synchronized void call(String what, Progress progress) throws TerrariumException {
        calls.add(what);
        Optional<String> reason = refusal;
        refusal = Optional.empty();
        if (reason.isPresent()) {
            throw new TerrariumException(reason.get());
        }
        if (!progress.at(50, 100)) {
            throw new TerrariumException("it was cancelled: start it again");
        }
    }

    @Override
    public synchronized SnapshotTree tree() {
        return new SnapshotTree(all, current, problems);
    }

    @Override
    public synchronized Snapshot create(Snapshot.Request request, Progress progress) throws TerrariumException {
        call("create " + request.name() + (request.memory() ? " with memory" : ""), progress);
        String parent = tree().snapshots().stream()
                .filter(each -> current.isPresent() && each.id().equals(current.get()))
                .map(Snapshot::name)
                .findFirst()
                .orElse("");
        add(
                request.name(),
                parent,
                request.memory() ? Snapshot.Content.RUNNING : Snapshot.Content.STOPPED,
                request.description(),
                Optional.empty());
        return all.getLast();
    }

    private Snapshot find(String name) throws TerrariumException {
        return tree().find(name).orElseThrow(() -> new TerrariumException("there is no snapshot " + name));
    }

    @Override
    public synchronized void revert(String name, Progress progress) throws TerrariumException {
        Snapshot wanted = find(name);
        call("revert " + wanted.name(), progress);
        current = Optional.of(wanted.id());
    }

    @Override
    public synchronized Snapshot.Removal removal(String name) throws TerrariumException {
        Snapshot wanted = find(name);
        call("removal " + wanted.name(), Progress.NONE);
        return new Snapshot.Removal(
                wanted.memoryBytes() + wanted.diskBytes(),
                300L << 20,
                List.of(
                        Path.of("/home/ada/.local/share/terrarium/machines/debian-12/snapshots/7c9e/memory"),
                        Path.of("/home/ada/.local/share/terrarium/machines/debian-12/disks/disk1-2.qcow2")),
                Optional.empty());
    }

    @Override
    public synchronized void delete(String name, Progress progress) throws TerrariumException {
        Snapshot gone = find(name);
        call("delete " + gone.name(), progress);
        all.remove(gone);
        all.replaceAll(each -> each.parent().equals(Optional.of(gone.id()))
                ? with(each, each.name(), each.description(), gone.parent())
                : each);
        if (current.equals(Optional.of(gone.id()))) {
            current = gone.parent();
        }
    }

    @Override
    public synchronized void edit(String name, String newName, String description) throws TerrariumException {
        Snapshot old = find(name);
        call("edit " + old.name(), Progress.NONE);
        all.set(all.indexOf(old), with(old, newName, description, old.parent()));
    }

    private static Snapshot with(Snapshot old, String name, String description, Optional<UUID> parent) {
        return new Snapshot(
                old.id(),
                name,
                description,
                old.time(),
                parent,
                old.content(),
                old.storage(),
                old.memoryBytes(),
                old.diskBytes(),
                old.picture(),
                old.machine());
    }

    /** A picture of something that looks like a desktop. */
    static Path picture(Path file, int hue) {
        int width = 640;
        int height = 400;
        int[] pixels = new int[width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                boolean window = x > 120 && x < 460 && y > 80 && y < 300;
                boolean title = window && y < 104;
                int shade = 40 + 60 * y / height;
                pixels[y * width + x] =
                        y > 376 ? 0x202830 : title ? 0x3b4252 : window ? 0xeceff4 : shade << hue | 0x101820;
            }
        }
        try (OutputStream out = Files.newOutputStream(file)) {
            new Screenshot(width, height, pixels).writePng(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file;
    }
}
