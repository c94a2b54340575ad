"""Python packages that do next to nothing, in a folder from which pip takes them: installing needs no network."""

import base64
import hashlib
import zipfile


def make_wheel(folder, name, version, requires=(), says=None):
    """NAME==VERSION, with a program NAME that prints its name, version and arguments (`says`: Python code instead)."""
    module = name.replace("-", "_")
    says = says or f"print({name!r}, {version!r}, *sys.argv[1:])"
    info = f"{module}-{version}.dist-info"
    files = {
        f"{module}/__init__.py": f"import sys\n\ndef main():\n    {says}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        + "".join(f"Requires-Dist: {each}\n" for each in requires),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {module}:main\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text)}\n"
    files[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel


def only_from(folder):
    """Variables with which pip installs from that folder and from nowhere else."""
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
