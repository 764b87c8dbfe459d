"""The wanted paths that stand while layers are applied, and what removes them."""


class Standing:
    """Wanted paths with the number of the layer that brought each, and the folders above them."""

    def __init__(self) -> None:
        self.files: dict[str, int] = {}
        self.folders: dict[str, set[str]] = {}
        """Folder -> paths of what stands in it, files and folders; "" is the root."""

    def add(self, path: str, layer: int) -> None:
        """Remember a wanted path."""
        self.files[path] = layer
        while path:
            folder = path[: max(path.rfind("/"), 0)]
            within = self.folders.get(folder)
            if within is not None:
                within.add(path)
                return
            self.folders[folder] = {path}
            path = folder

    def replace(self, path: str, layer: int) -> list[str]:
        """What falls when a layer brings a path that is no folder: the path and all beneath."""
        fallen = self._beneath(path, layer) if path in self.folders else []
        if path in self.files:
            fallen.append(path)
        return self._drop(fallen)

    def enter(self, folder: str) -> list[str]:
        """What falls when a path is a folder: the file of that name."""
        return self._drop([folder]) if folder in self.files else []

    def hide(self, path: str, layer: int, inside: bool) -> list[str]:
        """What falls by a whiteout: only what lower layers brought."""
        fallen = self._beneath(path, layer - 1) if path in self.folders else []
        if not inside and self.files.get(path, layer) < layer:
            fallen.append(path)
        return self._drop(fallen)

    def _beneath(self, folder: str, layer: int) -> list[str]:
        """Files of the given layer or lower ones anywhere in a folder."""
        found = []
        stack = [folder]
        while stack:
            for path in self.folders[stack.pop()]:
                if path in self.folders:
                    stack.append(path)
                elif self.files[path] <= layer:
                    found.append(path)
        return found

    def _drop(self, paths: list[str]) -> list[str]:
        for path in paths:
            del self.files[path]
            while path:
                folder = path[: max(path.rfind("/"), 0)]
                within = self.folders[folder]
                within.discard(path)
                if within:
                    break
                del self.folders[folder]
                path = folder
        return paths
