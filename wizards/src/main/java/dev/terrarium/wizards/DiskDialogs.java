// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import dev.terrarium.engine.disk.ConvertRequest;
import dev.terrarium.engine.disk.ImageSource;
import dev.terrarium.icons.Icon;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import javafx.application.Platform;
import javafx.beans.property.ObjectProperty;
import javafx.scene.Node;
import javafx.scene.control.CheckBox;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.TextField;
import javafx.scene.control.TitledPane;
import javafx.scene.layout.HBox;
import javafx.stage.Window;
import javafx.util.StringConverter;

/**
 * The dialogs about disk images. Each is opened on the window's thread and gives back there what a person wants, if they confirm
 * it. None of them touches an image.
 */
public final class DiskDialogs {
    private static final Executor BACKGROUND =
            task -> Thread.ofVirtual().name("disk dialog").start(task);

    private DiskDialogs() {}

    /**
     * A new image.
     *
     * @param format qemu-img's word
     * @param bytes of the disk
     */
    public record NewDisk(Path path, String format, long bytes) {}

    /**
     * Another size.
     *
     * @param bytes of the disk
     * @param shrink the person knows that it becomes smaller, and what that means
     */
    public record NewSize(long bytes, boolean shrink) {}

    /** @param folder proposed for the file */
    public static void newDisk(Window owner, Path folder, Consumer<? super NewDisk> wanted) {
        NewDiskViewModel model = new NewDiskViewModel(folder, BACKGROUND, Platform::runLater);
        Field size = MachineStep.number("Size", "disk-size", "GiB", model.size).withProblem(model.sizeProblem);
        size.withHint(model.room);
        FileInput file = FileInput.forNewFile("disk-path", model.path);
        new FormDialog("New disk", Icon.DISK, "Make disk")
                .show(
                        owner,
                        List.of(
                                size,
                                formats(model.format),
                                new Field("File", file.text(), file).withProblem(model.pathProblem)),
                        model.valid(),
                        model::result,
                        wanted);
    }

    /** @param bytes that the disk has now */
    public static void resize(Window owner, Path disk, long bytes, Consumer<? super NewSize> wanted) {
        ResizeDiskViewModel model = new ResizeDiskViewModel(bytes);
        Field size = MachineStep.number("New size", "disk-size", "GiB", model.size)
                .withProblem(model.problem)
                .withHint(model.effectProperty());
        CheckBox consent = new CheckBox("Cut the end of the disk off");
        consent.setId("shrink-consent");
        consent.selectedProperty().bindBidirectional(model.consent);
        model.shrinks().subscribe(shrinks -> show(consent, shrinks));
        new FormDialog("Resize " + disk.getFileName(), Icon.RESIZE, "Resize")
                .show(owner, List.of(size, consent), model.valid(), model::result, wanted);
    }

    public static void convert(Window owner, ImageSource source, Consumer<? super ConvertRequest> wanted) {
        ConvertDiskViewModel model = new ConvertDiskViewModel(source, BACKGROUND, Platform::runLater);
        FileInput file = FileInput.forNewFile("disk-path", model.path);
        CheckBox compress = new CheckBox("Compress: smaller, slower to make, good to put away or hand on");
        compress.setId("compress");
        compress.selectedProperty().bindBidirectional(model.compress);
        model.format.subscribe(format -> show(compress, model.canCompress()));
        TextField options = new TextField();
        options.setId("format-options");
        options.setPromptText("cluster_size=64k,compat=1.1");
        options.textProperty().bindBidirectional(model.options);
        TitledPane advanced = new TitledPane(
                "Options of the format",
                new Field("Options, as name=value", options)
                        .withProblem(model.optionsProblem)
                        .withHint(model.optionsHelp));
        advanced.setId("advanced");
        advanced.setExpanded(false);
        advanced.setAnimated(false);
        Label what = new Label("A copy is made; the disk stays as it is. Snapshots inside the image are not copied.");
        what.setWrapText(true);
        what.getStyleClass().add("field-message");
        new FormDialog("Convert " + source.path().getFileName(), Icon.CONVERT, "Convert")
                .show(
                        owner,
                        List.of(
                                formats(model.format),
                                new Field("Copy", file.text(), file).withProblem(model.pathProblem),
                                compress,
                                what,
                                advanced),
                        model.valid(),
                        model::result,
                        wanted);
    }

    private static Field formats(ObjectProperty<DiskFormat> format) {
        ComboBox<DiskFormat> input = new ComboBox<>();
        input.setId("disk-format");
        input.getItems().setAll(DiskFormat.all());
        input.setConverter(new Titles());
        input.valueProperty().bindBidirectional(format);
        return new Field("Format", input, new HBox(input)).withHint(format.map(DiskFormat::purpose));
    }

    private static void show(Node node, boolean shown) {
        node.setVisible(shown);
        node.setManaged(shown);
    }

    private static final class Titles extends StringConverter<DiskFormat> {
        @Override
        public String toString(DiskFormat format) {
            return format == null ? "" : format.title();
        }

        @Override
        public DiskFormat fromString(String title) {
            throw new UnsupportedOperationException("a closed list");
        }
    }
}
