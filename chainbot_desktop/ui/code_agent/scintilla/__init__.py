"""The editor: QScintilla, whose Python bindings exist for PyQt only, inside a PySide6 program.

Nothing outside this package imports PyQt6, Qsci or sip. Only `binding` may be imported before the editor is needed; it loads the rest.
"""
