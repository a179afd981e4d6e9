@python "%~dp0run.py" %*
